package dev.gapless.event;

import java.util.Optional;

/**
 * An event to be appended: valid by construction but for {@code data}, whose JSON the database
 * checks as {@code jsonb} (the HTTP face checks it before). Immutable and thread-safe.
 */
public record EventDraft(String owner, String path, String type, Optional<String> data) {

  /**
   * @throws InvalidValueException naming the component that breaks its rule; the path is normalised
   */
  public EventDraft {
    Owners.require("owner", owner);
    path = Paths.normalize("path", path);
    EventTypes.require("type", type);
  }

  public static EventDraft of(String owner, String path, String type) {
    return new EventDraft(owner, path, type, Optional.empty());
  }

  public static EventDraft of(String owner, String path, String type, String json) {
    return new EventDraft(owner, path, type, Optional.of(json));
  }
}
