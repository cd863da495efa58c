package dev.gapless;

import dev.gapless.hub.Signal;

/** A stream of plain events cannot be continued from where it was asked to. */
public final class CursorLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Signal.Reset reset;

  CursorLostException(Signal.Reset reset) {
    super("the cursor cannot be continued: " + reset.reason());
    this.reset = reset;
  }

  /** Why, and where reading could go on. */
  public Signal.Reset reset() {
    return reset;
  }
}
