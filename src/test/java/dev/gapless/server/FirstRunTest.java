package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.ServerProcess;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What somebody does who tries Gapless for the first time, with the lines the server prints. */
class FirstRunTest {
  private static final Pattern ID_OF_A_PUT = Pattern.compile("(?m)^id: (\\S+)\\nevent: PUT$");

  private Path directory;

  @BeforeEach
  void createDirectory() {
    directory = TestFolders.create("first-run");
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    TestFolders.delete(directory);
  }

  @Test
  void thePrintedLinesWorkAndEverythingSurvivesStopAndKill() throws Exception {
    String cursor;
    try (ServerProcess server = ServerProcess.start(directory, Map.of())) {
      List<String> lines = printedCurlLines(server);
      assertThat(lines).hasSize(3);
      try (Shell watching = new Shell(lines.get(0), directory.resolve("watch.out"))) {
        watching.await("event: gapless.live");
        assertThat(run(lines.get(1))).isEmpty();
        assertThat(run(lines.get(2))).isEqualTo("Hello, world");
        watching.await("event: PUT");
        cursor = idsOfPuts(watching.output()).get(0);
      }
      server.stop();
    }
    try (ServerProcess server = ServerProcess.start(directory, Map.of())) {
      cursor = continues(server, cursor, "second");
      server.kill9();
      try (ServerProcess next = ServerProcess.start(directory, Map.of())) {
        continues(next, cursor, "third");
        next.stop();
      }
    }
  }

  /** The file is still there, and a stream from the cursor brings what is new and nothing else. */
  private String continues(ServerProcess server, String cursor, String name) throws Exception {
    List<String> lines = printedCurlLines(server);
    assertThat(run(lines.get(2))).isEqualTo("Hello, world");
    run(lines.get(1).replace("hello.txt", name + ".txt"));
    try (Shell watching =
        new Shell(
            lines.get(0).replace("curl", "curl -s -H 'Last-Event-ID: " + cursor + "'"),
            directory.resolve(name + ".out"))) {
      watching.await("event: PUT");
      watching.await("event: gapless.live");
      assertThat(watching.output()).contains("/pub/" + name + ".txt").doesNotContain("hello.txt");
      assertThat(watching.output()).doesNotContain("gapless.reset");
      assertThat(idsOfPuts(watching.output())).hasSize(1);
      return idsOfPuts(watching.output()).get(0);
    }
  }

  private static List<String> printedCurlLines(ServerProcess server) {
    Awaitility.await().until(() -> server.output().contains("Stop with"));
    return server
        .output()
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("curl "))
        .toList();
  }

  private static List<String> idsOfPuts(String output) {
    return ID_OF_A_PUT
        .matcher(output)
        .results()
        .map((MatchResult match) -> match.group(1))
        .toList();
  }

  /** Only what the server answered: curl's progress goes elsewhere. */
  private String run(String line) throws Exception {
    try (Shell shell = new Shell(line + " --fail-with-body", directory.resolve("line.out"))) {
      assertThat(shell.process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(shell.process.exitValue()).as("%s: %s", line, shell.output()).isZero();
      return shell.output();
    }
  }

  /** One line, as typed into a terminal. */
  private static final class Shell implements AutoCloseable {
    private final Process process;
    private final Path output;

    Shell(String line, Path output) throws IOException {
      this.output = output;
      this.process =
          new ProcessBuilder("sh", "-c", "exec " + line)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectOutput(output.toFile())
              .start();
    }

    void await(String text) {
      Awaitility.await(text).atMost(30, TimeUnit.SECONDS).until(() -> output().contains(text));
    }

    String output() throws IOException {
      return Files.readString(output);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
