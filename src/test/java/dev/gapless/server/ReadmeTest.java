package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** README.md shows what the server prints when it starts. */
class ReadmeTest {
  @Test
  void showsThePrintedCommands() throws IOException {
    List<String> printed =
        Main.greeting("http://127.0.0.1:8080")
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("curl"))
            .toList();
    assertThat(printed).hasSizeGreaterThanOrEqualTo(3);
    assertThat(Files.readAllLines(Path.of("README.md"))).containsAll(printed);
  }
}
