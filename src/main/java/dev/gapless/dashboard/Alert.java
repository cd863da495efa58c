package dev.gapless.dashboard;

/** Something that an operator should know, in words. */
record Alert(Severity severity, String text) {
  enum Severity {
    /** Nothing is wrong, but good to know. */
    NOTE,
    /** Somebody has to look, soon. */
    WARNING,
    /** Events are not delivered, or will not be. */
    CRITICAL
  }
}
