package dev.gapless.torture;

import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A node of a world, as those see it who operate it: metrics, dashboard and log. */
final class Watched implements AutoCloseable {
  /** A node that stands still answers nothing, but a busy machine takes its time. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final Pattern BAD = Pattern.compile("^\\S+ (WARN|ERROR) .*");

  private final ServerNode node;
  private final Board board;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();
  private int logged;

  Watched(ServerNode node) {
    this.node = node;
    this.board = new Board(node);
  }

  String name() {
    return node.name();
  }

  /** Empty if it does not answer, as Prometheus finds it. */
  Optional<Scrape> scrape() {
    try {
      return Optional.of(
          Scrape.parse(
              http.send(
                      HttpRequest.newBuilder(URI.create(node.url() + "/metrics"))
                          .timeout(PATIENCE)
                          .build(),
                      BodyHandlers.ofString())
                  .body()));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** From here on {@link #log} and {@link #words} tell what is new. */
  void mark() {
    logged = node.output().length();
    board.forget();
  }

  /** What it has logged since the mark. */
  String log() {
    return node.output().substring(logged);
  }

  boolean hasLogged(String name) {
    return log().lines().anyMatch(line -> line.matches(".*\\s" + name + "(\\s.*)?"));
  }

  /** Lines since the mark that say that something is wrong. */
  List<String> warnings() {
    return log().lines().filter(line -> BAD.matcher(line).matches()).toList();
  }

  /** What the dashboard has said to be wrong since the mark. */
  Set<String> words() {
    return board.seen();
  }

  /** Whether the dashboard has said so since the mark: in an alert, or as the state of a part. */
  boolean hasShown(String words) {
    return Stream.concat(board.seen().stream(), board.parts().stream())
        .anyMatch(text -> text.contains(words));
  }

  /** What the dashboard says to be wrong now. */
  List<String> alerts() {
    return board.now();
  }

  @Override
  public void close() throws IOException {
    board.close();
  }
}
