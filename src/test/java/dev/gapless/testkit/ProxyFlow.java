package dev.gapless.testkit;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** The rule for the bytes of one direction. Thread-safe. */
final class ProxyFlow {
  private final Lock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private TcpProxy.Flow flow = TcpProxy.Flow.PASS;
  private volatile Duration delay = Duration.ZERO;

  void flow(TcpProxy.Flow next) {
    lock.lock();
    try {
      flow = next;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Each portion of bytes arrives this much later. */
  void delay(Duration next) {
    delay = next;
  }

  /** Waits while the bytes are held; whether they may pass. */
  boolean passes() throws InterruptedException {
    Duration late = delay;
    if (!late.isZero()) {
      LockSupport.parkNanos(late.toNanos());
    }
    lock.lock();
    try {
      while (flow == TcpProxy.Flow.HOLD) {
        changed.await();
      }
      return flow == TcpProxy.Flow.PASS;
    } finally {
      lock.unlock();
    }
  }
}
