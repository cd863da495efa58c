package dev.gapless.hub;

/** Ends a running subscription from outside. Thread-safe; calls after the end do nothing. */
public interface SubscriptionControl {
  /**
   * Sends {@link Signal.Close} with this reason as soon as the subscriber takes it, then completes
   * the stream.
   */
  void close(Signal.CloseReason reason);
}
