package dev.gapless.http;

import dev.gapless.event.EventFilter;
import java.util.Collection;
import java.util.Set;

/** What a request asks to be allowed. Owners and paths are final and normalised. Immutable. */
public sealed interface Access {

  /**
   * Reading every combination of an owner and a path filter.
   *
   * @param owners none: all owners
   * @param paths none: all paths; one that ends in a slash asks for everything below it
   */
  record Read(Set<String> owners, Set<String> paths) implements Access {
    public Read {
      owners = Set.copyOf(owners);
      paths = Set.copyOf(paths);
    }

    public static Read of(EventFilter filter) {
      return new Read(filter.owners(), filter.paths());
    }

    public static Read of(String owner, String path) {
      return new Read(Set.of(owner), Set.of(path));
    }

    /** The path filters, {@code /} if there are none. */
    public Set<String> pathsOrRoot() {
      return paths.isEmpty() ? Set.of("/") : paths;
    }
  }

  /**
   * Publishing, storing or deleting at every one of these places. Without any place it asks whether
   * the credential may write at all, before the body that names the places is read.
   */
  record Write(Set<RequestTarget.OwnerPath> places) implements Access {
    public Write {
      places = Set.copyOf(places);
    }

    public static Write of(String owner, String path) {
      return new Write(Set.of(new RequestTarget.OwnerPath(owner, path)));
    }

    public static Write of(Collection<RequestTarget.OwnerPath> places) {
      return new Write(Set.copyOf(places));
    }
  }

  /** Seeing and steering the node: status, metrics, drain, revocations, erasing an owner. */
  record Operate() implements Access {}
}
