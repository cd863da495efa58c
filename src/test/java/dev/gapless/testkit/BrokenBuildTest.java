package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BrokenBuildTest {

  @ParameterizedTest
  @EnumSource
  void compilesAndStandsBeforeTheRealClasses(BrokenBuild build) throws Exception {
    Path folder = build.compile();
    assertThat(build.removed()).isNotBlank();
    assertThat(build.compile()).isEqualTo(folder);
    URL[] classPath = {folder.toUri().toURL(), Path.of("target", "classes").toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(classPath, null)) {
      for (String broken : build.brokenClasses()) {
        String file = broken.replace('.', '/') + ".class";
        assertThat(folder.resolve(file)).isRegularFile();
        assertThat(loader.getResource(file)).isEqualTo(folder.resolve(file).toUri().toURL());
      }
    }
  }
}
