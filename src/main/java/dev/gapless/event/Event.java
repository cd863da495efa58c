package dev.gapless.event;

import java.time.Instant;
import java.util.Optional;

/**
 * A committed event. Immutable and thread-safe.
 *
 * @param position its place in the log, 1 … 2^63−1; unique, never reused within one history of the
 *     log
 * @param owner see {@link Owners}
 * @param path see {@link Paths}
 * @param type see {@link EventTypes}
 * @param data JSON text as PostgreSQL renders {@code jsonb}; empty where the writer gave none
 *     ({@code "null"} is JSON's null)
 * @param at the database's clock at the insert, in microseconds; neither unique nor ascending
 * @param traceparent the trace context its writer gave, see {@link Traceparent}; no part of the
 *     fingerprint
 */
public record Event(
    long position,
    String owner,
    String path,
    String type,
    Optional<String> data,
    Instant at,
    Optional<String> traceparent) {

  /** An event without a trace context. */
  public Event(
      long position, String owner, String path, String type, Optional<String> data, Instant at) {
    this(position, owner, path, type, data, at, Optional.empty());
  }

  /** The type of {@linkplain #isErasure marks}. */
  public static final String ERASED = "ERASED";

  /** The path of {@linkplain #isErasure marks}. */
  public static final String ERASED_PATH = "/";

  /**
   * Whether this is the mark of an erasure: all earlier events of this owner are forgotten, and so
   * should whoever has them forget them. It has no data.
   */
  public boolean isErasure() {
    // not by the type alone: it was free for everybody's use before there were marks
    return type.equals(ERASED) && path.equals(ERASED_PATH) && data.isEmpty();
  }

  /** The cursor that names this event, with its fingerprint (computed on each call). */
  public Cursor cursor() {
    return new Cursor(position, Fingerprint.of(position, owner, path, type, at));
  }
}
