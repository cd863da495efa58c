package dev.gapless.fuzz;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.fuzz.Exchange.Ending;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Keeps account of what answers said was published, and compares it with the log: what was
 * acknowledged is there once with the content that was sent, and nothing else is. Thread-safe.
 */
final class Ledger {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  /**
   * An event that an answer named.
   *
   * @param draft what was sent, if that is known
   * @param key under which it may be named again
   */
  private record Claim(Optional<JsonNode> draft, Optional<String> key) {}

  private record Row(long id, String owner, String path, String type, Optional<String> data) {}

  private final TestDatabase database;
  private final TreeMap<Long, Claim> claims = new TreeMap<>();
  // what nobody got an answer to: it may be in the log or not
  private final List<String> unanswered = new ArrayList<>();
  private final List<String> sent = new ArrayList<>();
  private final List<String> wrong = new ArrayList<>();
  private long checked;
  private long rows;

  Ledger(TestDatabase database) {
    this.database = database;
    this.checked = last();
  }

  /** Takes down what the answers claim. */
  synchronized void add(Attempt attempt, Exchange exchange) {
    List<Answer> answers = exchange.answers();
    for (int i = 0; i < answers.size(); i++) {
      Optional<Request> request =
          attempt.exact() && i < attempt.requests().size()
              ? Optional.of(attempt.requests().get(i))
              : Optional.empty();
      Answer answer = answers.get(i);
      if (answer.status() == 201 && answer.header("content-type").isPresent()) {
        published(request, answer);
      } else if (answer.status() < 300 && answer.header("x-event-cursor").isPresent()) {
        String cursor = answer.header("x-event-cursor").orElseThrow();
        // an erasure that is asked for again is answered with the same mark
        Optional<String> key =
            request.isEmpty() || request.get().target().startsWith("/v1/owners/")
                ? Optional.of("perhaps")
                : Optional.empty();
        claim(Long.parseLong(cursor.split("-")[0]), new Claim(Optional.empty(), key));
      }
    }
    String all = text(attempt);
    boolean refused = answers.stream().allMatch(answer -> answer.status() >= 400);
    if (answers.isEmpty() || !refused) {
      sent.add(
          answers.stream().map(Answer::status).toList()
              + " "
              + exchange.ending()
              + " to "
              + all.substring(0, Math.min(400, all.length())));
    }
    boolean whole = attempt.exact() && answers.size() == attempt.requests().size();
    if (exchange.ending() != Ending.ORDERLY || !whole) {
      unanswered.add(all);
    }
  }

  /** Chunks tear names apart, so the bodies by themselves too. */
  private static String text(Attempt attempt) {
    StringBuilder text = new StringBuilder(text(attempt.bytes()));
    attempt.requests().forEach(request -> text.append(text(request.payload().bytes())));
    return text.toString();
  }

  private void published(Optional<Request> request, Answer answer) {
    try {
      JsonNode events = JSON.readTree(answer.body()).path("events");
      List<Optional<JsonNode>> drafts = new ArrayList<>();
      if (request.isPresent()) {
        JsonNode body = JSON.readTree(request.get().payload().bytes());
        (body.isArray() ? body : JSON.createArrayNode().add(body))
            .forEach(draft -> drafts.add(Optional.of(draft)));
        if (drafts.size() != events.size()) {
          wrong.add("%d drafts, %d events".formatted(drafts.size(), events.size()));
          return;
        }
      }
      for (int i = 0; i < events.size(); i++) {
        Optional<JsonNode> draft = drafts.isEmpty() ? Optional.empty() : drafts.get(i);
        // nobody knows whether changed bytes had a key
        Optional<String> key = request.isPresent() ? request.get().key() : Optional.of("perhaps");
        claim(events.get(i).path("id").asLong(), new Claim(draft, key));
      }
    } catch (IOException e) {
      wrong.add("201 without JSON, or for what is none: " + answer.text());
    }
  }

  private void claim(long id, Claim claim) {
    Claim before = claims.putIfAbsent(id, claim);
    if (before != null) {
      boolean repeat =
          before.key().isPresent()
              && claim.key().isPresent()
              && (before.draft().isEmpty() || claim.draft().isEmpty() || same(before, claim));
      if (!repeat) {
        wrong.add("two answers name event " + id);
      } else if (before.draft().isEmpty()) {
        claims.put(id, claim);
      }
    }
  }

  private static boolean same(Claim one, Claim other) {
    return one.key().equals(other.key()) && one.draft().equals(other.draft());
  }

  synchronized void addProbe(long id) {
    claim(id, new Claim(Optional.empty(), Optional.empty()));
  }

  /** Compares with the log; nothing may be on its way. */
  synchronized List<String> violations() {
    Map<Long, Row> found = read();
    for (Row row : found.values()) {
      Claim claim = claims.get(row.id());
      if (claim == null) {
        if (!mayBeUnanswered(row)) {
          wrong.add("in the log, but no answer names it: " + row + ", of " + candidates(row));
        }
      } else if (claim.draft().isPresent()) {
        difference(claim.draft().get(), row).ifPresent(wrong::add);
      }
    }
    Set<Long> erased = erased();
    for (long id : claims.tailMap(checked, false).keySet()) {
      if (!found.containsKey(id) && !erased.contains(id)) {
        wrong.add("acknowledged, but not in the log: " + id);
      }
    }
    rows += found.size();
    checked = Math.max(checked, found.keySet().stream().mapToLong(id -> id).max().orElse(0));
    List<String> all = List.copyOf(wrong);
    wrong.clear();
    sent.clear();
    return all;
  }

  /** How many events were compared. */
  synchronized long rows() {
    return rows;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private boolean mayBeUnanswered(Row row) {
    return unanswered.stream().anyMatch(text -> mayBe(text, row));
  }

  private List<String> candidates(Row row) {
    return sent.stream().filter(text -> mayBe(text, row)).limit(5).toList();
  }

  private static boolean mayBe(String text, Row row) {
    String tail = row.path().substring(row.path().lastIndexOf('/') + 1);
    return text.contains(row.owner())
        && (Set.of("PUT", "DEL", "ERASED").contains(row.type())
            || text.contains(row.type())
            || text.contains(tail));
  }

  private static Optional<String> difference(JsonNode draft, Row row) {
    boolean placed =
        draft.path("owner").asText().equals(row.owner())
            && Rules.path(draft.path("path").asText()).equals(Optional.of(row.path()))
            && draft.path("type").asText().equals(row.type());
    boolean data;
    try {
      data =
          draft.has("data") == row.data().isPresent()
              && (row.data().isEmpty()
                  || sameValue(draft.get("data"), JSON.readTree(row.data().get())));
    } catch (IOException e) {
      data = false;
    }
    return placed && data
        ? Optional.empty()
        : Optional.of("not stored as sent: " + draft + " became " + row);
  }

  /** Numbers are equal by value, however they are written. */
  private static boolean sameValue(JsonNode one, JsonNode other) {
    if (one.isNumber() && other.isNumber()) {
      return one.decimalValue().compareTo(other.decimalValue()) == 0;
    }
    if (one.isContainerNode() && one.getNodeType() == other.getNodeType()) {
      if (one.size() != other.size()) {
        return false;
      }
      if (one.isArray()) {
        for (int i = 0; i < one.size(); i++) {
          if (!sameValue(one.get(i), other.get(i))) {
            return false;
          }
        }
        return true;
      }
      return one.properties().stream()
          .allMatch(
              member ->
                  other.has(member.getKey())
                      && sameValue(member.getValue(), other.get(member.getKey())));
    }
    return one.equals(other);
  }

  private Map<Long, Row> read() {
    Map<Long, Row> found = new HashMap<>();
    String sql =
        "SELECT id, owner, path, type, data::text FROM gapless.events WHERE id > ? ORDER BY id";
    try (Connection connection = database.dataSource().getConnection();
        PreparedStatement query = connection.prepareStatement(sql)) {
      query.setLong(1, checked);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.put(
              row.getLong(1),
              new Row(
                  row.getLong(1),
                  row.getString(2),
                  row.getString(3),
                  row.getString(4),
                  Optional.ofNullable(row.getString(5))));
        }
      }
      return found;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private Set<Long> erased() {
    try (Connection connection = database.dataSource().getConnection();
        PreparedStatement query = connection.prepareStatement("SELECT id FROM gapless.erased");
        ResultSet row = query.executeQuery()) {
      Set<Long> ids = new HashSet<>();
      while (row.next()) {
        ids.add(row.getLong(1));
      }
      return ids;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private long last() {
    return read().keySet().stream().mapToLong(id -> id).max().orElse(0);
  }
}
