package dev.gapless.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code docs/openapi.json} describes exactly what a server serves. */
class OpenApiTest {
  private static final Set<String> METHODS = Set.of("get", "head", "put", "post", "delete");
  private static TestDatabase database;
  private static ServerNode node;
  private static JsonNode document;

  @BeforeAll
  static void start() throws IOException {
    document = new ObjectMapper().readTree(Files.readString(Path.of("docs/openapi.json")));
    database = TestDatabase.create();
    node = ServerNode.start(database, "");
  }

  @AfterAll
  static void stop() {
    node.stop();
    database.close();
    node.close();
  }

  @Test
  void everyPathServesExactlyTheMethodsDescribed() throws IOException {
    for (var path : document.path("paths").properties()) {
      Set<String> described = new TreeSet<>();
      for (var member : path.getValue().properties()) {
        if (METHODS.contains(member.getKey())) {
          described.add(member.getKey().toUpperCase(Locale.ROOT));
        }
      }
      described.add("OPTIONS");
      Answer answer =
          RawHttp.send(node.port(), "OPTIONS " + target(path.getKey()) + " HTTP/1.1", "");
      assertThat(answer.status()).as(path.getKey()).isEqualTo(204);
      assertThat(new TreeSet<>(List.of(answer.header("allow").orElse("").split(", "))))
          .as(path.getKey())
          .isEqualTo(described);
    }
  }

  @Test
  void everyParameterOfEventsIsRead() throws IOException {
    List<String> names = new ArrayList<>();
    for (JsonNode parameter : document.at("/paths/~1v1~1events/get/parameters")) {
      if (parameter.path("in").asText().equals("query")) {
        names.add(parameter.path("name").asText());
      }
    }
    assertThat(names).hasSize(11);
    for (String name : names) {
      Answer answer =
          RawHttp.get(node.port(), "/v1/events?" + name + "=%00", "Accept: application/json");
      assertThat(answer.status()).as(name).isEqualTo(400);
      assertThat(new ObjectMapper().readTree(answer.body()).path("field").asText()).isEqualTo(name);
    }
  }

  @Test
  void everyReferenceLeadsSomewhereAndEveryOperationHasAName() {
    for (JsonNode reference : document.findValues("$ref")) {
      assertThat(document.at(reference.asText().substring(1)).isMissingNode())
          .as(reference.asText())
          .isFalse();
    }
    List<String> names = document.findValuesAsText("operationId");
    assertThat(new HashSet<>(names)).hasSameSizeAs(names);
    assertThat(document.findValues("responses").size()).isGreaterThan(names.size());
  }

  private static String target(String path) {
    String key = "ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1y";
    String filled =
        path.replace("{owner}", "acme").replace("{path}", "a/b").replace("{node}", "n1");
    return filled.startsWith("/pub/") || filled.startsWith("/priv/")
        ? filled + "?pubky-host=" + key
        : filled;
  }
}
