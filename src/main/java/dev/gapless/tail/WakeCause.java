package dev.gapless.tail;

/** Why the tail looks for new events. */
public enum WakeCause {
  /** A notification arrived. */
  NOTIFY,
  /** A transaction committed through this node. */
  LOCAL,
  /** The listener has (re)connected: notifications may have been lost before. */
  LISTENER_UP,
  /** A poll found something that nothing else had announced. */
  POLL
}
