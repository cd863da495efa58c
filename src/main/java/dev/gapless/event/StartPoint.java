package dev.gapless.event;

import java.util.Optional;

/** Where a subscription or a page begins, always exclusive. */
public sealed interface StartPoint {
  /** The oldest retained event; never answered by a reset. */
  StartPoint EARLIEST = new At(Cursor.EARLIEST);

  /** The decided head at the moment the request is accepted. */
  StartPoint NOW = new Now();

  /** Parses {@code earliest}, {@code now} or a cursor; empty for anything else. */
  static Optional<StartPoint> parse(String text) {
    return switch (text) {
      case "earliest" -> Optional.of(EARLIEST);
      case "now" -> Optional.of(NOW);
      default -> Cursor.parse(text).map(At::new);
    };
  }

  record Now() implements StartPoint {}

  record At(Cursor cursor) implements StartPoint {}
}
