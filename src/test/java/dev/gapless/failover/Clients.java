package dev.gapless.failover;

import java.util.ArrayList;
import java.util.List;

/** What a test watches. Not thread-safe. */
final class Clients implements AutoCloseable {
  private final List<Watched> all = new ArrayList<>();

  Watched add(Watched watched) {
    all.add(watched);
    return watched;
  }

  List<Watched> all() {
    return all;
  }

  int size() {
    return all.size();
  }

  int resets() {
    return all.stream().mapToInt(watched -> watched.client().resets().size()).sum();
  }

  int events() {
    return all.stream().mapToInt(watched -> watched.client().count()).sum();
  }

  @Override
  public void close() {
    all.forEach(Watched::close);
  }
}
