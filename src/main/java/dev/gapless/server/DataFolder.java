package dev.gapless.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server's folder, held by one server at a time. The system gives the lock back when its
 * process ends, however it ends.
 */
final class DataFolder implements AutoCloseable {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final int PASSWORD_BYTES = 32;

  private final Path folder;
  private final FileChannel channel;

  private DataFolder(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /**
   * Creates the folder if it is missing, and takes it.
   *
   * @throws Refusal when another server holds it
   */
  static DataFolder take(Path folder) {
    try {
      Files.createDirectories(folder);
      FileChannel channel =
          FileChannel.open(
              folder.resolve("server.lock"),
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      FileLock lock = tryLock(channel);
      if (lock == null) {
        String holder = read(channel);
        channel.close();
        throw new Refusal(
            "another Gapless server"
                + (holder.isEmpty() ? "" : " (process " + holder + ")")
                + " runs on "
                + folder
                + ": stop it first, or give this one a folder of its own with --data."
                + " Two servers share a log by sharing a database: --database-url");
      }
      channel.truncate(0);
      write(channel, Long.toString(ProcessHandle.current().pid()));
      return new DataFolder(folder, channel);
    } catch (IOException e) {
      throw new Refusal("cannot use the data folder " + folder + ": " + e, e);
    }
  }

  Path postgres() {
    return folder.resolve("postgres");
  }

  Path passwordFile() {
    return folder.resolve("postgres-password");
  }

  /** PostgreSQL's password: random, made before its data directory and kept as long as that. */
  String password() {
    Path file = passwordFile();
    try {
      if (Files.exists(file)) {
        // An editor or a copy may have opened it to others.
        Files.setPosixFilePermissions(file, OWNER_ONLY);
        String password = Files.readString(file).strip();
        if (!password.isEmpty()) {
          return password;
        }
      }
      if (Files.exists(postgres().resolve("PG_VERSION"))) {
        throw new Refusal(
            file + " is missing or empty, but PostgreSQL's data are there: put the file back");
      }
      return createPassword(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read or write " + file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String createPassword(Path file) throws IOException {
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    String password = HexFormat.of().formatHex(random);
    Path unfinished =
        Files.createTempFile(
            folder, "postgres-password", ".new", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try (FileChannel out = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
      write(out, password + "\n");
      // PostgreSQL's data directory, made next, is worth nothing without it.
      out.force(true);
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    return password;
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static String read(FileChannel channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(32);
    channel.read(buffer, 0);
    return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8).strip();
  }

  private static void write(FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
