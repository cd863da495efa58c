package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * docs/configuration.md lists every key with its default and its comment, in the words of the files
 * that define them. After a change of these files run this test with {@code
 * -Dgapless.docs.write=on} and commit what it wrote.
 */
class ConfigurationDocTest {
  private static final Path PAGE = Path.of("docs/configuration.md");
  private static final Path RESOURCES = Path.of("src/main/resources");
  private static final String NOT_EXPLAINED = "(not explained)";

  @ParameterizedTest
  @CsvSource({"reference.conf", "gapless-server.conf"})
  void listsEveryKeyAsItIs(String file) throws IOException {
    String begin = "<!-- begin " + file + " -->\n";
    String end = "<!-- end " + file + " -->";
    String page = Files.readString(PAGE);
    int from = page.indexOf(begin) + begin.length();
    int to = page.indexOf(end);
    assertThat(to).as("the marks of " + file).isGreaterThanOrEqualTo(from);
    String listed = page.substring(from, to);
    String expected = list(file);
    if (System.getProperty("gapless.docs.write") != null) {
      Files.writeString(PAGE, page.substring(0, from) + expected + page.substring(to));
      return;
    }
    assertThat(listed)
        .as("run this test with -Dgapless.docs.write=on to bring the page up to date")
        .isEqualTo(expected);
  }

  @Test
  void everyKeyOfTheLibraryIsExplained() {
    assertThat(list("reference.conf")).doesNotContain(NOT_EXPLAINED);
    assertThat(list("gapless-server.conf")).doesNotContain(NOT_EXPLAINED);
  }

  @Test
  void showsTheRightsOfWritersAsTheyAreTested() throws IOException {
    String grants =
        Files.readAllLines(RESOURCES.resolve("dev/gapless/log/grants.sql")).stream()
            .filter(line -> !line.startsWith("--"))
            .collect(Collectors.joining("\n"));
    assertThat(Files.readString(PAGE)).contains("```sql\n" + grants + "\n```");
  }

  @Test
  void namesLogLinesThatExist() throws IOException {
    String page = Files.readString(PAGE);
    String table = page.substring(page.indexOf("## Log lines"), page.indexOf("## Settings of"));
    Set<String> named =
        Pattern.compile("`([a-z]+(?:_[a-z]+)+)`")
            .matcher(table)
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toSet());
    assertThat(named).hasSizeGreaterThan(8);
    assertThat(namesOfLogLines()).containsAll(named);
  }

  private static Set<String> namesOfLogLines() throws IOException {
    Pattern logged = Pattern.compile("\\.(?:log|info|warn|error)\\(\\s*\"([a-z]+(?:_[a-z]+)+)\\b");
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      Set<String> names = new HashSet<>();
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        logged.matcher(Files.readString(file)).results().forEach(hit -> names.add(hit.group(1)));
      }
      return names;
    }
  }

  private static String list(String file) {
    StringBuilder text = new StringBuilder();
    ConfigObject root = ConfigFactory.parseFile(RESOURCES.resolve(file).toFile()).root();
    append(text, (ConfigObject) root.get("gapless"), "gapless.");
    return text.toString();
  }

  private static void append(StringBuilder text, ConfigObject object, String prefix) {
    List<Map.Entry<String, ConfigValue>> entries =
        object.entrySet().stream()
            .sorted(Comparator.comparing(entry -> line(entry.getValue())))
            .toList();
    int explained = Integer.MIN_VALUE;
    for (Map.Entry<String, ConfigValue> entry : entries) {
      String key = prefix + entry.getKey();
      ConfigValue value = entry.getValue();
      if (value instanceof ConfigObject inner && !inner.isEmpty() && !key.endsWith("dispatcher")) {
        append(text, inner, key + ".");
        continue;
      }
      Optional<String> comment = comment(value);
      String item = "**`" + key + "`** = `" + rendered(value) + "`  \n";
      if (comment.isEmpty() && line(value) == explained + 1) {
        // one comment above several lines is about all of them
        text.insert(lastItemEnd(text), item);
      } else {
        text.append(item).append(comment.orElse(NOT_EXPLAINED)).append("\n\n");
      }
      explained = line(value);
    }
  }

  private static int lastItemEnd(StringBuilder text) {
    return text.indexOf("\n", text.lastIndexOf("**`")) + 1;
  }

  private static int line(ConfigValue value) {
    return value instanceof ConfigObject object && !object.isEmpty()
        ? object.values().stream().mapToInt(ConfigurationDocTest::line).min().orElseThrow()
        : value.origin().lineNumber();
  }

  private static String rendered(ConfigValue value) {
    if (value instanceof ConfigObject object && !object.isEmpty()) {
      return object.toConfig().entrySet().stream()
          .sorted(Comparator.comparing(entry -> line(entry.getValue())))
          .map(entry -> entry.getKey() + " = " + rendered(entry.getValue()))
          .collect(Collectors.joining(", ", "{ ", " }"));
    }
    String json = value.render(ConfigRenderOptions.concise());
    boolean plain = json.length() > 2 && json.startsWith("\"");
    return plain ? json.substring(1, json.length() - 1) : json;
  }

  /** Paragraphs; what is set off by spaces stays as it is. */
  private static Optional<String> comment(ConfigValue value) {
    StringBuilder text = new StringBuilder();
    boolean inBlock = false;
    for (String raw : value.origin().comments()) {
      String line = raw.startsWith(" ") ? raw.substring(1) : raw;
      boolean block = line.startsWith("  ");
      if (block != inBlock) {
        text.append(block ? "\n```\n" : "```\n");
      } else if (!text.isEmpty() && !block) {
        text.append("\n");
      }
      // outside of blocks Markdown takes what stands in angle brackets for HTML
      text.append(block ? line.substring(2) + "\n" : line.replace("<", "\\<"));
      inBlock = block;
    }
    if (inBlock) {
      text.append("```");
    }
    return Optional.of(text.toString()).filter(found -> !found.isBlank());
  }
}
