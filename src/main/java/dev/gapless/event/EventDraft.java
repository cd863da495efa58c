package dev.gapless.event;

import java.util.Optional;

/**
 * An event to be appended: valid by construction but for {@code data}, whose JSON the database
 * checks as {@code jsonb} (the HTTP face checks it before). Immutable and thread-safe.
 *
 * @param traceparent the trace context of the event, see {@link Traceparent}; where there is none,
 *     the database takes that of the session or transaction, if it has one
 */
public record EventDraft(
    String owner, String path, String type, Optional<String> data, Optional<String> traceparent) {

  /**
   * @throws InvalidValueException naming the component that breaks its rule; the path is normalised
   */
  public EventDraft {
    Owners.require("owner", owner);
    path = Paths.normalize("path", path);
    EventTypes.require("type", type);
    traceparent.ifPresent(text -> Traceparent.require("traceparent", text));
  }

  /** A draft without a trace context. */
  public EventDraft(String owner, String path, String type, Optional<String> data) {
    this(owner, path, type, data, Optional.empty());
  }

  public static EventDraft of(String owner, String path, String type) {
    return new EventDraft(owner, path, type, Optional.empty());
  }

  public static EventDraft of(String owner, String path, String type, String json) {
    return new EventDraft(owner, path, type, Optional.of(json));
  }

  /**
   * The same draft with a trace context: the W3C {@code traceparent} of the span that writes it.
   *
   * @throws InvalidValueException if it is none
   */
  public EventDraft withTraceparent(String text) {
    return new EventDraft(owner, path, type, data, Optional.of(text));
  }
}
