package dev.gapless.log;

/** What a node does about its tables when it starts: {@code gapless.migrate}. */
public enum MigrateMode {
  /** Create and upgrade them. */
  AUTO,
  /** Refuse to start unless they are what this release needs. */
  VALIDATE,
  /** Do not look. */
  OFF
}
