package dev.gapless.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.junit.jupiter.api.Test;

/** How many connections there are, and when they and their server end. */
class SocketServerTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  // a slow client is judged by it: on a busy machine its kernel may be silent for a second or two
  private static final Duration STALL = Duration.ofSeconds(5);

  @Test
  void oneConnectionTooManyWaitsForAnother() throws IOException {
    try (TestServer server = TestServer.start("max-connections = 2");
        Client first = server.connect();
        Client second = server.connect()) {
      ask(first);
      ask(second);
      try (Client third = server.connect()) {
        third.get("/hello/third");
        // all of them go through the same selector
        for (int i = 0; i < 100; i++) {
          ask(first);
          ask(second);
        }
        assertThat(server.answers().asked()).doesNotContain("/hello/third");
        second.close();
        third.readUntil("hello");
        ask(first);
      }
      for (int i = 0; i < 10; i++) {
        try (Client next = server.connect()) {
          ask(next);
        }
      }
    }
  }

  @Test
  void aConnectionThatCannotBeginIsClosedAndDoesNotCount() throws IOException {
    AtomicReference<RuntimeException> failure =
        new AtomicReference<>(new IllegalStateException("as it has to"));
    ActorSystem<Void> system = TestServer.system();
    try {
      SocketServer sockets =
          TestServer.bind(
              system,
              0,
              TestServer.with(
                  TestServer.settings("max-connections = 1"),
                  accepted -> {
                    if (failure.get() != null) {
                      throw failure.get();
                    }
                  }),
              new Answers(system));
      for (int i = 0; i < 3; i++) {
        assertThat(Client.connectAndRead(sockets.address().getPort())).isEqualTo("RESET");
      }
      failure.set(null);
      try (Client client = Client.connect(sockets.address().getPort())) {
        ask(client);
      }
    } finally {
      TestServer.end(system);
    }
  }

  @Test
  void nothingIsLeftOfConnections() throws IOException {
    try (TestServer server = TestServer.start("")) {
      try (Client client = server.connect()) {
        ask(client);
      }
      long before = openSockets();
      for (int i = 0; i < 100; i++) {
        try (Client quiet = server.connect();
            Client resets = server.connect();
            Client failing = server.connect();
            Client last = server.connect()) {
          ask(quiet);
          ask(resets);
          resets.reset();
          assertThat(failing.get("/cut").transcript()).endsWith("RESET");
          assertThat(last.getAndClose("/hello").transcript()).endsWith("helloEND");
        }
      }
      await().atMost(LIMIT).until(() -> openSockets() <= before);
    }
  }

  @Test
  void whoTakesNothingIsAborted() throws IOException {
    try (TestServer server = TestServer.start(stall());
        Client stalled = Client.connect(server.port(), 4096)) {
      stalled.get("/pieces/2000000000").readHead();
      CompletableFuture<Done> ended = server.answers().downloads().remove();
      await().atMost(LIMIT).until(ended::isDone);
      assertThat(stalled.isEnded()).isTrue();
      TcpStates.awaitGone(server.port(), stalled.localPort());
    }
  }

  /** Much less than what the kernel wants to be free before it says that one may write. */
  @Test
  void whoTakesLittleIsLeftAlone() throws IOException {
    int size = 30_000_000;
    try (TestServer server = TestServer.start(stall());
        Client slow = Client.connect(server.port(), 4096)) {
      slow.getAndClose("/pieces/" + size);
      slow.readHead();
      long end = System.nanoTime() + STALL.multipliedBy(4).toNanos();
      int[] read = {0};
      await()
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(20))
          .until(
              () -> {
                read[0] += slow.in().readNBytes(2000).length;
                return System.nanoTime() > end;
              });
      assertThat(slow.readToEnd()).isEqualTo(Answers.bytes(read[0], size).toArray());
    }
  }

  @Test
  void whoIsToldNothingIsNotStalled() throws IOException {
    try (TestServer server = TestServer.start(stall());
        Client quiet = server.connect();
        Client stalled = Client.connect(server.port(), 4096)) {
      quiet.get("/stream").readHead();
      Answers.Stream stream = server.answers().streams().remove();
      stalled.get("/pieces/2000000000").readHead();
      await().atMost(LIMIT).until(server.answers().downloads().remove()::isDone);
      stream.offer("still there");
      quiet.readUntil("still there");
    }
  }

  @Test
  void aPortThatIsTakenIsRefused() throws IOException {
    try (TestServer server = TestServer.start("")) {
      assertThatThrownBy(
              () ->
                  TestServer.bind(
                      server.actors(),
                      server.port(),
                      TestServer.settings(""),
                      new Answers(server.actors())))
          .isInstanceOf(BindException.class);
    }
  }

  @Test
  void unboundItGoesOnWithThePortFree() throws IOException {
    try (TestServer server = TestServer.start("");
        Client open = server.connect();
        Client streaming = server.connect()) {
      ask(open);
      streaming.get("/stream").readHead();
      server.sockets().unbind();
      awaitRefused(server.port());
      SocketServer next =
          TestServer.bind(
              server.actors(),
              server.port(),
              TestServer.settings(""),
              new Answers(server.actors()));
      try (Client client = Client.connect(next.address().getPort())) {
        ask(client);
      }
      ask(open);
      server.answers().streams().remove().offer("on it goes");
      streaming.readUntil("on it goes");
      assertThat(server.sockets().ended().toCompletableFuture()).isNotDone();
    }
  }

  @Test
  void terminatedItEndsWithItsLastAnswer() throws IOException {
    try (TestServer server = TestServer.start("");
        Client asks = server.connect();
        Client streams = server.connect();
        Client idle = server.connect()) {
      ask(idle);
      asks.get("/promise/a");
      streams.getAndClose("/stream").readHead();
      await().atMost(LIMIT).until(() -> server.answers().asked().contains("/promise/a"));

      CompletableFuture<Done> ended =
          server.sockets().terminate(Duration.ofMinutes(10)).toCompletableFuture();
      awaitRefused(server.port());
      // who still asks is answered for the last time
      assertThat(idle.get("/hello").transcript())
          .contains("Connection: close")
          .endsWith("helloEND");
      server.answers().keep("/promise/a");
      assertThat(asks.transcript()).contains("Connection: close").endsWith("keptEND");
      assertThat(ended).isNotDone();
      Answers.Stream stream = server.answers().streams().remove();
      stream.offer("last");
      stream.elements().complete();
      assertThat(streams.transcript()).endsWith("last\r\n0\r\n\r\nEND");
      await().atMost(LIMIT).until(ended::isDone);
      assertThat(threads()).isEmpty();
    }
  }

  @Test
  void theDeadlineCutsWhatIsLeft() throws IOException {
    try (TestServer server = TestServer.start("");
        Client asks = server.connect();
        Client streams = server.connect();
        Client stalled = Client.connect(server.port(), 4096);
        Client idle = server.connect();
        Client silent = server.connect()) {
      ask(idle);
      asks.get("/promise/a");
      streams.get("/stream").readHead();
      stalled.get("/pieces/2000000000").readHead();
      await().atMost(LIMIT).until(() -> server.answers().asked().contains("/promise/a"));
      CompletableFuture<Done> ended =
          server.sockets().terminate(Duration.ofMillis(200)).toCompletableFuture();
      await().atMost(LIMIT).until(ended::isDone);
      for (Client client : List.of(asks, streams, idle, silent)) {
        assertThat(client.transcript()).endsWith("RESET");
      }
      assertThat(stalled.isEnded()).isTrue();
      await().atMost(LIMIT).until(server.answers().streams().remove().ended()::isDone);
      await().atMost(LIMIT).until(server.answers().downloads().remove()::isDone);
    }
  }

  @Test
  void theDeadlineAlsoCutsWhatHasJustBegun() throws IOException {
    ActorSystem<Void> system = TestServer.system();
    try {
      List<Client> clients = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        SocketServer sockets =
            TestServer.bind(system, 0, TestServer.settings(""), new Answers(system));
        clients.add(Client.connect(sockets.address().getPort()));
        CompletableFuture<Done> ended = sockets.terminate(Duration.ZERO).toCompletableFuture();
        assertThat(ended).succeedsWithin(LIMIT);
      }
      for (Client client : clients) {
        assertThat(client.isEnded()).isTrue();
        client.close();
      }
    } finally {
      TestServer.end(system);
    }
  }

  @Test
  void theEndOfTheActorsEndsAll() throws IOException {
    try (TestServer server = TestServer.start("");
        Client asks = server.connect();
        Client streams = server.connect();
        Client idle = server.connect()) {
      ask(idle);
      asks.get("/promise/a");
      streams.get("/stream").readHead();
      await().atMost(LIMIT).until(() -> server.answers().asked().contains("/promise/a"));
      server.actors().terminate();
      for (Client client : List.of(asks, streams, idle)) {
        assertThat(client.isEnded()).isTrue();
      }
      awaitRefused(server.port());
      await().atMost(LIMIT).until(server.sockets().ended().toCompletableFuture()::isDone);
      await().atMost(LIMIT).until(() -> threads().isEmpty());
    }
  }

  @Test
  void whatEndsTheThreadEndsAll() throws IOException {
    AtomicReference<Error> failure = new AtomicReference<>();
    ActorSystem<Void> system = TestServer.system();
    try {
      Answers answers = new Answers(system);
      SocketServer sockets =
          TestServer.bind(
              system,
              0,
              TestServer.with(
                  TestServer.settings(""),
                  accepted -> {
                    if (failure.get() != null) {
                      throw failure.get();
                    }
                  }),
              answers);
      int port = sockets.address().getPort();
      try (Client idle = Client.connect(port);
          Client streams = Client.connect(port)) {
        ask(idle);
        streams.get("/stream").readHead();
        failure.set(new LinkageError("as it has to"));
        assertThat(Client.connectAndRead(port)).isEqualTo("RESET");
        for (Client client : List.of(idle, streams)) {
          assertThat(client.isEnded()).isTrue();
        }
        awaitRefused(port);
        assertThat(sockets.ended().toCompletableFuture()).succeedsWithin(LIMIT);
      }
    } finally {
      TestServer.end(system);
    }
  }

  private static void ask(Client client) throws IOException {
    client.get("/hello").readUntil("\r\n\r\nhello");
  }

  private static String stall() {
    return "idle-timeout = " + STALL.toMillis() + " ms";
  }

  private static void awaitRefused(int port) {
    await()
        .atMost(LIMIT)
        .until(
            () -> {
              try (Client open = Client.connect(port)) {
                return false;
              } catch (ConnectException refused) {
                return true;
              } catch (SocketException accepted) {
                // and reset
                return false;
              }
            });
  }

  private static long openSockets() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files
          .filter(
              file -> {
                try {
                  return Files.readSymbolicLink(file).toString().startsWith("socket:");
                } catch (IOException closed) {
                  return false;
                }
              })
          .count();
    }
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter("gapless-sockets"::equals)
        .toList();
  }
}
