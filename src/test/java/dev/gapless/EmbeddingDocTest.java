package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** docs/embedding.md shows the code that the tests run, and the versions that the build uses. */
class EmbeddingDocTest {
  private static final Path PAGE = Path.of("docs/embedding.md");
  private static final String MARK = "// #example\n";

  @ParameterizedTest
  @ValueSource(strings = {"EmbeddingExample", "MountingExample"})
  void showsTheExampleAsItIs(String name) throws IOException {
    String source = Files.readString(Path.of("src/test/java/dev/gapless/" + name + ".java"));
    int begin = source.indexOf(MARK) + MARK.length();
    String example = source.substring(begin, source.indexOf(MARK, begin));
    assertThat(example).isNotBlank();
    assertThat(Files.readString(PAGE)).contains("```java\n" + example + "```\n");
  }

  @Test
  void namesTheVersionsOfTheBuild() throws IOException {
    String pom = Files.readString(Path.of("pom.xml"));
    String version = first(pom, "<artifactId>gapless</artifactId>\\s*<version>([^<]+)<");
    assertThat(Files.readString(PAGE))
        .contains("<version>" + version + "</version>")
        .contains("\"dev.gapless\" % \"gapless\" % \"" + version + "\"")
        .contains("Pekko " + first(pom, "<pekkoVersion>([^<]+)<") + " and")
        .contains("Pekko HTTP " + first(pom, "<pekkoHttpVersion>([^<]+)<") + " for")
        .contains("Scala " + first(pom, "<scalaBinaryVersion>([^<]+)<") + ".");
  }

  private static String first(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(pattern).isTrue();
    return matcher.group(1);
  }
}
