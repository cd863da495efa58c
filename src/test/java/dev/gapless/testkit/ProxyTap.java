package dev.gapless.testkit;

import java.util.Arrays;

/** Sees the bytes of one connection as they pass; one thread for each direction. */
interface ProxyTap {
  /** All that a client has sent, whether or not it will pass. */
  void sent(byte[] bytes, int length);

  /** After the proxy's own rules have let the bytes pass: whether they may. May wait. */
  boolean passes(boolean toServer) throws InterruptedException;

  /** What reaches the client of a server's bytes. */
  byte[] received(byte[] bytes, int length);

  /** How many of them may still pass before the connection is reset. */
  int allowed(int length);

  void ended();

  /** Lets everything pass. */
  enum None implements ProxyTap {
    INSTANCE;

    @Override
    public void sent(byte[] bytes, int length) {}

    @Override
    public boolean passes(boolean toServer) {
      return true;
    }

    @Override
    public byte[] received(byte[] bytes, int length) {
      return Arrays.copyOf(bytes, length);
    }

    @Override
    public int allowed(int length) {
      return length;
    }

    @Override
    public void ended() {}
  }
}
