package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks into the heap of another JVM, with the JDK's own jcmd. */
public final class JavaHeap {
  // the last line of the class histogram: Total <objects> <bytes>
  private static final Pattern TOTAL = Pattern.compile("Total\\s+\\d+\\s+(\\d+)");
  // " garbage-first heap   total 393216K, used 61440K [0x…", a line for each generation
  private static final Pattern USED = Pattern.compile("total \\d+K, used (\\d+)K");

  private JavaHeap() {}

  /** Bytes of live objects, after a full collection. */
  public static long live(Process java) {
    Matcher total = TOTAL.matcher(jcmd(java, "GC.class_histogram"));
    if (!total.find()) {
      throw new IllegalStateException("no histogram");
    }
    return Long.parseLong(total.group(1));
  }

  /** Bytes in use, garbage included. */
  public static long used(Process java) {
    Matcher used = USED.matcher(jcmd(java, "GC.heap_info"));
    long kilobytes = 0;
    while (used.find()) {
      kilobytes += Long.parseLong(used.group(1));
    }
    return kilobytes * 1024;
  }

  private static String jcmd(Process java, String command) {
    try {
      Process jcmd =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                  Long.toString(java.pid()),
                  command)
              .redirectErrorStream(true)
              .start();
      return new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
