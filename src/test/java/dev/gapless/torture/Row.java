package dev.gapless.torture;

import dev.gapless.event.Event;
import java.time.Instant;
import java.util.Optional;

/** A committed event, as the oracle reads it from the table. */
record Row(long id, String owner, String path, String type, Instant at) {
  /** What a subscriber must have seen of it on the native face. */
  long key() {
    return key(id, owner, path, type, at.toString());
  }

  /** The frames of the homeserver do not tell when an event was inserted. */
  long homeserverKey() {
    return key(id, owner, path, type, "");
  }

  String cursor() {
    return new Event(id, owner, path, type, Optional.empty(), at).cursor().toString();
  }

  static long key(long id, String owner, String path, String type, String at) {
    long hash = id;
    for (String text : new String[] {owner, path, type, at}) {
      for (int i = 0; i < text.length(); i++) {
        hash = hash * 0x100000001b3L ^ text.charAt(i);
      }
      hash = hash * 0x100000001b3L ^ 0xffff;
    }
    return hash;
  }
}
