package dev.gapless.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventTypes;
import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;
import dev.gapless.event.Traceparent;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the body of {@code POST /v1/events}. Whatever is wrong is a {@link ProblemException} that
 * names the index of the draft and its field, so that nothing the database would refuse gets there.
 * Pure and thread-safe.
 */
final class DraftParser {
  private static final Set<String> RESERVED = Set.of("PUT", "DEL", Event.ERASED);
  private static final Set<String> FIELDS = Set.of("owner", "path", "type", "data", "traceparent");
  // of the document: a draft stands in an array and an object
  private static final int AROUND_DATA = 2;

  private final int maxDrafts;
  private final int maxData;
  private final JsonFactory json;

  DraftParser(int maxDrafts, int maxData) {
    this.maxDrafts = maxDrafts;
    this.maxData = maxData;
    this.json =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DataCopy.MAX_DEPTH + AROUND_DATA + 1)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .build())
            // names come from outside: none is kept beyond its request
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();
  }

  /**
   * @param traceparent of the request: of the drafts that name none of their own
   */
  List<EventDraft> parse(byte[] body, Optional<String> traceparent) {
    Position at = new Position();
    try (JsonParser parser = json.createParser(text(body))) {
      List<EventDraft> drafts = document(parser, at, traceparent);
      if (parser.nextToken() != null) {
        throw Problem.of(400, "the body holds more than one JSON value").asException();
      }
      return drafts;
    } catch (InvalidValueException invalid) {
      throw at.problem(invalid.isTooLarge() ? 413 : 400, invalid).asException();
    } catch (StreamConstraintsException tooDeep) {
      throw at.problem(400, InvalidValueException.of(at.field, "nested too deep")).asException();
    } catch (IOException malformed) {
      throw Problem.of(
              400, "the body is not valid JSON: event %d, %s".formatted(at.index, at.field))
          .with("index", at.index)
          .with("field", at.field)
          .asException();
    }
  }

  private static String text(byte[] body) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException notUtf8) {
      throw Problem.of(400, "the body is not valid UTF-8").asException();
    }
  }

  private List<EventDraft> document(JsonParser parser, Position at, Optional<String> traceparent)
      throws IOException {
    JsonToken first = parser.nextToken();
    if (first == JsonToken.START_OBJECT) {
      return List.of(draft(parser, at, traceparent));
    }
    if (first != JsonToken.START_ARRAY) {
      throw Problem.of(400, "the body is one event or an array of events").asException();
    }
    List<EventDraft> drafts = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (drafts.size() == maxDrafts) {
        throw Problem.of(413, "at most " + maxDrafts + " events at once").asException();
      }
      at.index = drafts.size();
      at.field = "event";
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw InvalidValueException.of("event", "an object is expected");
      }
      drafts.add(draft(parser, at, traceparent));
    }
    if (drafts.isEmpty()) {
      throw Problem.of(400, "the body holds no event").asException();
    }
    return drafts;
  }

  private EventDraft draft(JsonParser parser, Position at, Optional<String> ofRequest)
      throws IOException {
    Optional<String> owner = Optional.empty();
    Optional<String> path = Optional.empty();
    Optional<String> type = Optional.empty();
    Optional<String> data = Optional.empty();
    Optional<String> traceparent = Optional.empty();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      at.field = known(name);
      parser.nextToken();
      switch (name) {
        case "owner" -> owner = once(name, owner, text(parser, name));
        case "path" -> path = once(name, path, text(parser, name));
        case "type" -> type = once(name, type, text(parser, name));
        case "traceparent" -> traceparent = once(name, traceparent, text(parser, name));
        default -> data = once(name, data, data(parser));
      }
    }
    at.field = "owner";
    String checkedOwner = Owners.require("owner", required("owner", owner));
    at.field = "path";
    String checkedPath = Paths.normalize("path", required("path", path));
    at.field = "type";
    String checkedType = EventTypes.require("type", required("type", type));
    if (RESERVED.contains(checkedType)) {
      throw InvalidValueException.of("type", "PUT, DEL and ERASED are written by the node itself");
    }
    at.field = "traceparent";
    traceparent.ifPresent(text -> Traceparent.require("traceparent", text));
    return new EventDraft(
        checkedOwner, checkedPath, checkedType, data, traceparent.or(() -> ofRequest));
  }

  private String data(JsonParser parser) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = json.createGenerator(text)) {
      new DataCopy(parser, out, maxData).copy();
    }
    String data = text.toString();
    // three bytes at most for each char: only near the limit must they be counted
    if (data.length() > maxData / 3 && data.getBytes(StandardCharsets.UTF_8).length > maxData) {
      throw InvalidValueException.tooLarge("data", "at most " + maxData + " bytes of JSON");
    }
    return data;
  }

  private static String known(String name) {
    if (!FIELDS.contains(name)) {
      throw InvalidValueException.of(
          "event", "its fields are owner, path, type, data and traceparent");
    }
    return name;
  }

  private static String text(JsonParser parser, String field) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw InvalidValueException.of(field, "a string is expected");
    }
    return parser.getText();
  }

  private static Optional<String> once(String field, Optional<String> before, String value) {
    if (before.isPresent()) {
      throw InvalidValueException.of(field, "given more than once");
    }
    return Optional.of(value);
  }

  private static String required(String field, Optional<String> value) {
    return value.orElseThrow(() -> InvalidValueException.of(field, "missing"));
  }

  /** Where in the document the parser stands. */
  private static final class Position {
    private int index;
    private String field = "event";

    Problem problem(int status, InvalidValueException invalid) {
      return Problem.of(status, "event " + index + ", " + invalid.getMessage())
          .with("index", index)
          .with("field", invalid.field());
    }
  }
}
