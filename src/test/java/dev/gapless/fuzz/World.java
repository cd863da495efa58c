package dev.gapless.fuzz;

import static dev.gapless.testkit.ServerNode.MARKER;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.NodeFootprint;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.apache.commons.codec.digest.Blake3;

/**
 * Two nodes on one database, one open and one that wants tokens, with small limits so that short
 * requests reach them, and with some events and files that requests can be about.
 */
final class World implements AutoCloseable {
  static final int MAX_WAIT_SECONDS = 1;
  static final int MAX_DRAFTS = 20;
  static final int MAX_BODY = 128 * 1024;
  static final int MAX_FILE = 64 * 1024;

  /** A key that is none of the users'. */
  static final String NOBODY = "y".repeat(52);

  static final List<String> FILES =
      List.of("/a.txt", "/a.txt/b", "/" + MARKER + "/c.html", "/d", "/d/", "/", "/none.bin");

  private static final String LIMITS =
      """
      gapless.http {
        max-wait = %d s
        max-drafts = %d
        max-body = %d
        max-data = %d
        body-timeout = 3 s
      }
      gapless.files {
        max-size = %d
        quota = 2 MiB
        min-rate-window = 3 s
        chunk-size = 4 KiB
      }
      gapless.server { request-head-timeout = 1 s, keep-alive-timeout = 1 s }
      # that memory grows for no good reason has to show
      gapless.hub { ring-events = 512, ring-bytes = 1 MiB, cache-bytes = 1 MiB }
      """
          .formatted(MAX_WAIT_SECONDS, MAX_DRAFTS, MAX_BODY, Json.MAX_DATA, MAX_FILE);

  /** What is shown to the node that wants tokens. */
  enum Token {
    ALL,
    COOKIE,
    READER,
    UNKNOWN,
    TWICE,
    NONE;

    List<String> headers() {
      return switch (this) {
        case ALL -> List.of("Authorization: Bearer " + ofAll());
        case COOKIE -> List.of("Cookie: a=b; gapless=" + ofAll());
        case READER -> List.of("authorization: bearer " + ofReader());
        case UNKNOWN -> List.of("Authorization: Bearer x" + MARKER);
        case TWICE ->
            List.of("Authorization: Bearer " + ofAll(), "Authorization: Bearer " + ofReader());
        case NONE -> List.of();
      };
    }

    private static String ofAll() {
      return "all-" + MARKER;
    }

    private static String ofReader() {
      return "reader-" + MARKER;
    }
  }

  private final TestDatabase database;
  private final ServerNode open;
  private final ServerNode guarded;
  private final List<String> cursors = new ArrayList<>();

  private World(TestDatabase database, ServerNode open, ServerNode guarded) {
    this.database = database;
    this.open = open;
    this.guarded = guarded;
  }

  static World create() {
    TestDatabase database = TestDatabase.create();
    ServerNode open = ServerNode.start(database.jdbcUrl(), NodeOptions.config(LIMITS).quick());
    ServerNode guarded =
        ServerNode.start(database.jdbcUrl(), NodeOptions.config(LIMITS + tokens()).quick());
    World world = new World(database, open, guarded);
    world.fill();
    return world;
  }

  private static String tokens() {
    return """
    gapless.server.h2c = on
    gapless.auth { mode = tokens, tokens = [
      { name = all, sha256 = "%s", operate = true, scopes = [ { allow = [read, write] } ] },
      { name = reader, sha256 = "%s", scopes = [ { allow = [read], owner = "acme", path = "/" } ] }
    ] }
    """
        .formatted(sha256(Token.ofAll()), sha256(Token.ofReader()));
  }

  private void fill() {
    for (String owner : owners()) {
      for (String path : paths()) {
        JsonNode answer =
            ServerNode.json(
                open.publish(
                    "{\"owner\":\"%s\",\"path\":\"%s\",\"type\":\"note\",\"data\":[\"%s\"]}"
                        .formatted(owner, path, MARKER)));
        cursors.add(answer.at("/events/0/cursor").asText());
      }
    }
    for (String user : users()) {
      for (String content : contents()) {
        open.putFile(user + "/pub/" + content.length(), content);
      }
    }
  }

  TestDatabase database() {
    return database;
  }

  ServerNode open() {
    return open;
  }

  ServerNode guarded() {
    return guarded;
  }

  List<ServerNode> nodes() {
    return List.of(open, guarded);
  }

  List<NodeFootprint> footprints() {
    return nodes().stream()
        .map(node -> NodeFootprint.of(node, database.dataSource()))
        .peek(footprint -> System.out.println("before: " + footprint.describe()))
        .toList();
  }

  void assertNothingLeaked(List<NodeFootprint> before) {
    for (int i = 0; i < nodes().size(); i++) {
      NodeFootprint after =
          before.get(i).awaitSettled(nodes().get(i), database.dataSource(), Duration.ofSeconds(90));
      System.out.println("after: " + after.describe());
    }
  }

  List<String> owners() {
    return List.of("acme", "o-" + MARKER, "x.y_z~1", "0");
  }

  List<String> users() {
    return List.of(
        "ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1y",
        "o".repeat(52),
        "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo");
  }

  List<String> paths() {
    return List.of("/", "/a", "/pub/", "/pub/a.txt", "/pub/" + MARKER, "/priv/x/é", "/a b");
  }

  /** Of events that are there. */
  List<String> cursors() {
    return List.copyOf(cursors);
  }

  List<String> contents() {
    return List.of("", "a", "Hello", MARKER, "<script>alert(1)</script>", "0123456789".repeat(5));
  }

  /** The entity tags of the contents. */
  List<String> tags() {
    return contents().stream().map(text -> tag(text.getBytes(StandardCharsets.UTF_8))).toList();
  }

  static String tag(byte[] contents) {
    return '"' + Base64.getEncoder().encodeToString(Blake3.hash(contents)) + '"';
  }

  static boolean isStream(Request request) {
    boolean native_ =
        request.path().equals("/v1/events")
            && !request.method().equals("POST")
            && request.headers().stream().noneMatch(World::wantsPage);
    return native_ || request.path().equals("/events-stream") || request.path().isEmpty();
  }

  private static boolean wantsPage(String header) {
    return header.toLowerCase(Locale.ROOT).equals("accept: application/json");
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException everyPlatformHasIt) {
      throw new IllegalStateException(everyPlatformHasIt);
    }
  }

  @Override
  public void close() {
    try {
      open.stop();
      guarded.stop();
    } finally {
      try (database;
          open;
          guarded) {
        // closed in any case
      }
    }
  }
}
