package dev.gapless.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A disk of a given size, in memory, which can be made full and free again. Only root may mount
 * one: see {@link #isPossible}. Close it after what uses it.
 */
public final class SmallDisk implements AutoCloseable {
  private final Path folder = TestFolders.create("disk");
  private final Path ballast = folder.resolve("ballast");

  private SmallDisk(int megabytes) {
    run("mount", "-t", "tmpfs", "-o", "mode=755,size=" + megabytes + "m", "tmpfs", "" + folder);
  }

  /** Whether this user may; otherwise take {@link TestDatabase#limitFileSize}. */
  public static boolean isPossible() {
    try {
      new SmallDisk(1).close();
      return true;
    } catch (IllegalStateException e) {
      System.out.println("no disk can be mounted here: " + e.getMessage());
      return false;
    }
  }

  public static SmallDisk mount(int megabytes) {
    return new SmallDisk(megabytes);
  }

  public Path folder() {
    return folder;
  }

  /** A new empty folder on it, which belongs to the owner of another one. */
  Path folderOwnedAs(Path other) {
    try {
      Path made = Files.createTempDirectory(folder, "tables-");
      Files.setOwner(made, Files.getOwner(other));
      Files.setPosixFilePermissions(
          folder.toAbsolutePath().getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Until nothing more goes in. */
  public void fill() {
    byte[] block = new byte[64 * 1024];
    try (OutputStream out = Files.newOutputStream(ballast)) {
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      // as wanted
    }
  }

  /** Until so many bytes are left. */
  public void fillExcept(long bytes) {
    long left = freeBytes() - bytes;
    byte[] block = new byte[4 * 1024];
    try (OutputStream out = Files.newOutputStream(ballast)) {
      for (; left >= block.length; left -= block.length) {
        out.write(block);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public long freeBytes() {
    try {
      return Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As before it was filled. */
  public void free() {
    try {
      Files.deleteIfExists(ballast);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    // whoever used it may take a moment to leave
    Awaitility.await().ignoreExceptions().until(() -> run("umount", folder.toString()));
    try {
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Left by a test run that was killed. */
  static void unmountBelow(Path abandoned) throws IOException {
    try (Stream<Path> folders = Files.list(abandoned)) {
      for (Path folder : folders.filter(SmallDisk::isMounted).toList()) {
        TestFolders.endPostgresBelow(folder);
        run("umount", "--lazy", folder.toString());
      }
    }
  }

  private static boolean isMounted(Path folder) {
    try {
      return !Files.getFileStore(folder).equals(Files.getFileStore(folder.getParent()));
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean run(String... command) {
    try {
      Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(output.strip());
      }
      return true;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
