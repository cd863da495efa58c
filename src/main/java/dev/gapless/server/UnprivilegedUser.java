package dev.gapless.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whom PostgreSQL's programs run as. PostgreSQL refuses to run as root, so a server that runs as
 * root hands them to an ordinary user; any other server runs them as itself.
 *
 * @param name the user to change to; empty when there is nothing to change
 * @param prefix put before a command to run it as that user
 */
record UnprivilegedUser(Optional<String> name, List<String> prefix) {
  private static final List<String> CANDIDATES = List.of("postgres", "nobody");
  private static final Duration PROBE = Duration.ofSeconds(10);

  static boolean runningAsRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /**
   * @param data a data directory; when it exists already its owner is the only one who can run it
   */
  static UnprivilegedUser choose(Path data) {
    Optional<String> owner = owner(data.resolve("PG_VERSION"));
    if (!runningAsRoot()) {
      owner
          .filter(name -> !name.equals(System.getProperty("user.name")))
          .ifPresent(
              name -> {
                throw new PostgresStartException(
                    data + " belongs to user " + name + ": start the server as that user or root");
              });
      return new UnprivilegedUser(Optional.empty(), List.of());
    }
    for (String user : owner.map(List::of).orElse(CANDIDATES)) {
      if (!exists(user)) {
        continue;
      }
      for (List<String> prefix : prefixes(user)) {
        List<String> probe = new ArrayList<>(prefix);
        probe.addAll(List.of("id", "-un"));
        Optional<Command.Result> result = Command.tryRun(probe, PROBE);
        if (result.isPresent() && result.get().succeededWith(user)) {
          return new UnprivilegedUser(Optional.of(user), prefix);
        }
      }
    }
    throw new PostgresStartException(
        "PostgreSQL does not run as root, and no way was found to run it as one of "
            + owner.map(List::of).orElse(CANDIDATES)
            + " (tried setpriv, runuser, su): start the server as an ordinary user");
  }

  /** Makes the user the owner of one file or folder. */
  void own(Path path) {
    if (name.isEmpty()) {
      return;
    }
    try {
      UserPrincipal user =
          path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name.get());
      Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setOwner(user);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot hand a file to user " + name.get(), e);
    }
  }

  /** Whether the user can reach a folder that it owns: parents may be closed to it. */
  boolean reaches(Path folder) {
    if (name.isEmpty()) {
      return true;
    }
    List<String> test = new ArrayList<>(prefix);
    test.addAll(List.of("test", "-x", folder.toString()));
    return Command.tryRun(test, PROBE).map(Command.Result::succeeded).orElse(false);
  }

  private static Optional<String> owner(Path file) {
    try {
      return Optional.of(Files.getOwner(file).getName());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (AccessDeniedException e) {
      throw new PostgresStartException(
          file.getParent() + " belongs to another user: start the server as that user or root", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean exists(String user) {
    try {
      Path.of("/").getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user);
      return true;
    } catch (UserPrincipalNotFoundException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<List<String>> prefixes(String user) {
    return List.of(
        List.of("setpriv", "--reuid=" + user, "--regid=" + group(user), "--clear-groups", "--"),
        List.of("runuser", "-u", user, "--"),
        List.of("su", "-s", "/bin/sh", "-c", "exec \"$@\"", user, "--", "sh"));
  }

  private static String group(String user) {
    return Command.tryRun(List.of("id", "-g", user), PROBE)
        .filter(Command.Result::succeeded)
        .map(result -> result.output().trim())
        .orElse(user);
  }
}
