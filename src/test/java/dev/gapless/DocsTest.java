package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the pages point to exists: other pages, their headings, our classes. */
class DocsTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
  private static final Pattern CODE_BLOCK = Pattern.compile("(?s)```.*?```");

  /** A name of two words or more in backticks, such as a class has. */
  private static final Pattern TYPE = Pattern.compile("`((?:[A-Z][a-z0-9]+){2,}(?:IT)?)\\b[^`]*`");

  /** Names of others. */
  private static final Set<String> FOREIGN =
      Set.of(
          "ActorSystem",
          "CompletionStage",
          "CoordinatedShutdown",
          "DataSource",
          "EventSource",
          "HttpOnly",
          "RowExclusiveLock",
          "SameSite");

  static Stream<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(Path.of("README.md")));
    try (Stream<Path> files = Files.list(Path.of("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    return pages.stream();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksLeadSomewhere(Path page) throws IOException {
    List<String> broken =
        LINK.matcher(Files.readString(page))
            .results()
            .map(found -> found.group(1))
            .filter(link -> !link.startsWith("http"))
            .filter(link -> !leadsSomewhere(page, link))
            .toList();
    assertThat(broken).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void namesClassesThatExist(Path page) throws IOException {
    Set<String> known = ourTypes();
    String alerts = Files.readString(Path.of("conf/prometheus/gapless.rules.yml"));
    List<String> unknown =
        TYPE.matcher(CODE_BLOCK.matcher(Files.readString(page)).replaceAll(""))
            .results()
            .map((MatchResult found) -> found.group(1))
            .filter(name -> !known.contains(name) && !FOREIGN.contains(name))
            .filter(name -> !alerts.contains("alert: " + name + "\n"))
            .distinct()
            .toList();
    assertThat(unknown).isEmpty();
  }

  private static boolean leadsSomewhere(Path page, String link) {
    String[] parts = link.split("#", 2);
    Path target =
        parts[0].isEmpty() ? page : page.toAbsolutePath().resolveSibling(parts[0]).normalize();
    if (!Files.exists(target)) {
      return false;
    }
    return parts.length == 1 || anchors(target).contains(parts[1]);
  }

  /** As the usual renderers make them. */
  private static Set<String> anchors(Path page) {
    try {
      return HEADING
          .matcher(CODE_BLOCK.matcher(Files.readString(page)).replaceAll(""))
          .results()
          .map(found -> found.group(1).toLowerCase(Locale.ROOT))
          .map(heading -> heading.replaceAll("[^a-z0-9 _-]", "").replace(' ', '-'))
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Set<String> ourTypes() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".java"))
          .map(name -> name.substring(0, name.length() - ".java".length()))
          .collect(Collectors.toSet());
    }
  }
}
