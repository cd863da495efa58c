package dev.gapless.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose process may open no more files serves those that it has, and others later. */
class FewFilesTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int FILES = 250;

  @TempDir private Path folder;

  /** The server, in a process of its own. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
      ActorSystem<Void> system = TestServer.system();
      SocketServer sockets =
          TestServer.bind(
              system,
              0,
              TestServer.settings("max-connections = 10000, backlog = 1000"),
              new Answers(system));
      Files.writeString(Path.of(arguments[0]), "port " + sockets.address().getPort() + " is it");
    }
  }

  @Test
  void acceptsAgainWhenFilesAreFree() throws Exception {
    Path told = folder.resolve("port");
    Path output = folder.resolve("output");
    Process server =
        new ProcessBuilder(
                "prlimit",
                "--nofile=" + FILES + ":" + FILES,
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                told.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    List<Client> clients = new ArrayList<>();
    try {
      await()
          .atMost(LIMIT)
          .until(() -> Files.exists(told) && Files.readString(told).endsWith(" is it"));
      int port = Integer.parseInt(Files.readString(told).split(" ")[1]);
      Client first = Client.connect(port);
      clients.add(first);
      ask(first);
      Client last = first;
      // the kernel takes them all; the server has not so many files
      for (int i = 0; i < FILES; i++) {
        last = Client.connect(port);
        clients.add(last);
      }
      last.get("/hello");
      await().atMost(LIMIT).until(() -> warnings(output) > 0);
      ask(first);
      assertThat(last.in().available()).isZero();
      long begun = System.nanoTime();
      await().atMost(LIMIT).until(() -> warnings(output) >= 3);
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
      // it tries again now and then, not all the time
      assertThat(warnings(output)).isLessThan(seconds + 5);
      for (Client client : clients.subList(1, FILES)) {
        client.close();
      }
      last.readUntil("\r\n\r\nhello");
      ask(first);
      try (Client next = Client.connect(port)) {
        ask(next);
      }
      assertThat(server.isAlive()).isTrue();
    } finally {
      for (Client client : clients) {
        client.close();
      }
      server.destroyForcibly().waitFor();
    }
  }

  private static long warnings(Path output) throws IOException {
    try (Stream<String> lines = Files.lines(output)) {
      return lines.filter(line -> line.contains("connections_not_accepted")).count();
    }
  }

  private static void ask(Client client) throws IOException {
    client.get("/hello").readUntil("\r\n\r\nhello");
  }
}
