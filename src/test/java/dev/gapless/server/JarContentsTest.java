package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An application that embeds Gapless has these files itself, and ours must not get in their way.
 */
class JarContentsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "application.conf",
        "application.json",
        "application.properties",
        "logback.xml",
        "logback-test.xml"
      })
  void theJarHoldsNoConfigurationOfAnApplication(String name) throws Exception {
    assertThat(classes().resolve(name)).doesNotExist();
  }

  @Test
  void theServerFindsItsDefaults() throws Exception {
    assertThat(classes().resolve("gapless-server.conf")).isNotEmptyFile();
    assertThat(classes().resolve("gapless-server-logback.xml")).isNotEmptyFile();
  }

  private static Path classes() throws Exception {
    Path folder = Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    assertThat(Files.isDirectory(folder)).isTrue();
    return folder;
  }
}
