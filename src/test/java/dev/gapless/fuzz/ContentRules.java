package dev.gapless.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.fuzz.Selection.Delivered;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.SseParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether what is delivered is what was asked for: events that the request selects, in order, and
 * files as they were stored. Thread-safe.
 */
final class ContentRules {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+)");

  private final Map<String, byte[]> contents = new ConcurrentHashMap<>();

  Optional<String> violation(Request request, Answer answer) {
    if (answer.status() >= 300 || request.isHead()) {
      return Optional.empty();
    }
    if (request.path().equals("/v1/events") && request.method().equals("GET")) {
      return events(request, answer);
    }
    Optional<String> tag = answer.header("etag");
    if (tag.isEmpty()) {
      return Optional.empty();
    }
    return request.method().equals("PUT") ? stored(request, tag.get()) : read(answer, tag.get());
  }

  private static Optional<String> events(Request request, Answer answer) {
    List<Delivered> events = new ArrayList<>();
    boolean wasReset = false;
    try {
      if (Exchange.isStream(answer)) {
        for (SseParser.Frame frame : new SseParser().feed(answer.body()).frames()) {
          JsonNode data = JSON.readTree(frame.data());
          wasReset |= frame.event().equals("gapless.reset");
          if (!frame.event().startsWith("gapless.")) {
            events.add(delivered(data));
          }
        }
      } else {
        JSON.readTree(answer.body()).path("events").forEach(event -> events.add(delivered(event)));
      }
    } catch (IOException e) {
      return Optional.of("not JSON: " + answer.text());
    }
    return Selection.of(request).wrong(events, wasReset);
  }

  private static Delivered delivered(JsonNode event) {
    return new Delivered(
        event.path("id").asLong(),
        event.path("owner").asText(),
        event.path("path").asText(),
        event.path("type").asText());
  }

  private Optional<String> stored(Request request, String tag) {
    byte[] sent = request.payload().bytes();
    contents.put(tag, sent);
    return tag.equals(World.tag(sent))
        ? Optional.empty()
        : Optional.of("stored under a tag of something else");
  }

  private Optional<String> read(Answer answer, String tag) {
    if (answer.status() == 200) {
      return tag.equals(World.tag(answer.body()))
          ? Optional.empty()
          : Optional.of("a file that is not what its tag says");
    }
    Matcher range = RANGE.matcher(answer.header("content-range").orElse(""));
    if (!range.matches()) {
      return Optional.of("a part without its range");
    }
    int first = Integer.parseInt(range.group(1));
    int last = Integer.parseInt(range.group(2));
    byte[] whole = contents.get(tag);
    boolean same =
        whole == null
            ? answer.body().length == last - first + 1
            : Arrays.equals(answer.body(), Arrays.copyOfRange(whole, first, last + 1));
    return same ? Optional.empty() : Optional.of("not the part that its range says");
  }
}
