package dev.gapless.testkit;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Builds of Gapless from which one thing was taken away on purpose: what finds no fault in them
 * would find none in a real accident either. Each is an edit of the sources as they are now; one
 * whose text is no longer there (or no longer unique) does not compile, so that none can rot.
 */
public enum BrokenBuild {
  LOCK_SET_REMOVED(
      "holes are given up at once: nobody is waited for",
      edit(
          "tail/LockSets.java",
          "pairs.add(new Pair(upTo, new HashSet<>(holders)));",
          "pairs.add(new Pair(upTo, new HashSet<>()));")),

  LOCK_SET_FROM_BEFORE(
      "the lock holders that are waited for are those of a statement before the one that showed the"
          + " row above the hole",
      edit(
          "tail/HeadDecider.java",
          "private boolean pollRead;",
          "private boolean pollRead; private Set<String> heldBefore = Set.of();"),
      edit(
          "tail/HeadDecider.java",
          "awake = false;",
          "awake = false; heldBefore = read.sequenceHolders();"),
      edit(
          "tail/HeadDecider.java",
          "gapConfirmed = true;",
          "gapConfirmed = true; lockSets.add(highest, heldBefore);")),

  REREAD_REMOVED(
      "once all lock holders have ended, what the last read did not show is given up without another"
          + " read",
      edit(
          "tail/HeadDecider.java",
          "private boolean pollRead;",
          "private boolean pollRead; private List<Event> lastRows = List.of();"),
      edit(
          "tail/HeadDecider.java",
          "int run = decidedRun(rows);",
          "int run = decidedRun(rows); lastRows = rows;"),
      edit(
          "tail/HeadDecider.java",
          """
          decided = nowDecided;
                pace.end();
                next = new NextRead(Kind.ROWS, now);
          """,
          """
          decided = nowDecided;
          pace.end();
          onAnchoredRows(
              lastRows.stream().filter(row -> row.position() > head.position()).toList(), now);
          """)),

  LOCK_SET_KEPT_ON_RECONNECT(
      "the lock holders that are waited for are kept when the connection is lost",
      edit(
          "tail/HeadDecider.java",
          """
          clear();
                awake = true;
                next = new NextRead(Kind.LOCKS, now);
          """,
          """
          awake = true;
          next = new NextRead(Kind.LOCKS, now);
          """)),

  ANCHOR_REMOVED(
      "the row at the head is not compared with the one that was delivered",
      edit(
          "tail/HeadDecider.java",
          """
          unanchored = rows;
                next = new NextRead(Kind.RETIRED, now);
          """,
          "onAnchoredRows(rows, now);"),
      edit(
          "tail/HeadDecider.java",
          "} else if (rows.get(0).cursor().equals(anchor)) {",
          "} else if (true) {")),

  START_UNDECIDED(
      "the head begins at the highest row, whoever may still commit below it",
      edit(
          "tail/HeadStart.java",
          "if (candidate.compareTo(base) <= 0 || lockSets.takeDecided() > 0) {",
          "if (true) {")),

  WAKE_CLEARED_LATE(
      "the wake flag is cleared after the last read, not before it",
      edit(
          "tail/HeadDecider.java",
          "next = new NextRead(awake ? Kind.ROWS : Kind.REST, now);",
          "awake = false; next = new NextRead(Kind.REST, now);")),

  ELECTION_LOCK_IGNORED(
      "in flight is only who holds the lock on the sequence",
      edit("tail/HeadDecider.java", "read.anyInFlight()", "!read.sequenceHolders().isEmpty()"),
      edit(
          "tail/HeadDecider.java",
          "boolean freeBefore = electionWasFree;",
          "boolean freeBefore = true;")),

  ONE_LOOK_AT_THE_ELECTION(
      "one lock read that finds nobody in flight is enough",
      edit(
          "tail/HeadDecider.java",
          "boolean freeBefore = electionWasFree;",
          "boolean freeBefore = true;")),

  LAST_READ_REMOVED(
      "the tail rests as soon as nobody is in flight, without reading once more",
      edit(
          "tail/HeadDecider.java",
          """
          pace.end();
                lastRead = true;
                next = new NextRead(Kind.ROWS, now);
          """,
          """
          pace.end();
          next = new NextRead(Kind.REST, now);
          """)),

  HEARTBEAT_OF_NODE_HEAD(
      "a heartbeat carries the head of the node, not the subscription's own position",
      edit(
          "hub/SubscriptionLogic.java",
          "push(new Signal.Heartbeat(progress.own(), !progress.own().equals(lastSent)));",
          """
          Cursor headOfNode = shared.state().delivered().map(Delivered::head).orElse(progress.own());
          push(new Signal.Heartbeat(headOfNode, !headOfNode.equals(lastSent)));
          """)),

  NOW_WITHOUT_ID(
      "the first frame of a stream, gapless.open, has no id: a client that began with now and is"
          + " cut off before the second frame has no cursor",
      edit(
          "http/SignalEncoder.java",
          """
          control(open.cursor(), "gapless.open", position(open.cursor())));
          """,
          """
          control(open.cursor(), "gapless.open", position(open.cursor()))
              .replaceFirst("id: [^\\n]*\\n", ""));
          """));

  private static final Path SOURCES = Path.of("src", "main", "java", "dev", "gapless");
  private static final Path FOLDER = Path.of("target", "broken");

  private record Edit(String file, String text, String replacement) {

    String apply(String original) {
      int at = original.indexOf(text);
      if (at < 0 || original.indexOf(text, at + 1) >= 0) {
        throw new IllegalStateException(
            "must be exactly once in %s, is %s:%n%s"
                .formatted(file, at < 0 ? "not there" : "there more than once", text));
      }
      return original.substring(0, at) + replacement + original.substring(at + text.length());
    }
  }

  private final String removed;
  private final List<Edit> edits;
  private @Nullable Path compiled;

  BrokenBuild(String removed, Edit... edits) {
    this.removed = removed;
    this.edits = List.of(edits);
  }

  /**
   * @param file below the package dev.gapless
   * @param text must be in it exactly once
   */
  private static Edit edit(String file, String text, String replacement) {
    return new Edit(file, text.strip(), replacement.strip());
  }

  /** What is wrong with it, in words. */
  public String removed() {
    return removed;
  }

  /** The classes it breaks: the sources it changes, by name. */
  public List<String> brokenClasses() {
    return edits.stream()
        .map(edit -> edit.file().replace(".java", "").replace('/', '.'))
        .map(name -> "dev.gapless." + name)
        .distinct()
        .toList();
  }

  /**
   * An object of a class of ours in this build: everything of ours that it uses is of this build
   * too, and has nothing to do with the same classes of this test run.
   *
   * @param type from the JDK
   * @param implementation the name of a class with a public constructor without parameters
   */
  public <T> T create(Class<T> type, String implementation) throws ReflectiveOperationException {
    ClassLoader loader = new BrokenClassLoader(compile());
    return type.cast(loader.loadClass(implementation).getConstructor().newInstance());
  }

  /**
   * Compiles the changed sources, once in the life of this process.
   *
   * @return a folder with their classes, to stand before all others on a class path
   */
  public synchronized Path compile() {
    if (compiled == null) {
      try {
        compiled = compileNow();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return compiled;
  }

  private Path compileNow() throws IOException {
    Map<String, String> changed = new LinkedHashMap<>();
    for (Edit edit : edits) {
      String before = changed.get(edit.file());
      String original = before == null ? Files.readString(SOURCES.resolve(edit.file())) : before;
      changed.put(edit.file(), edit.apply(original));
    }
    // of this process alone: others may run with the same one
    Path folder =
        FOLDER.resolve(name().toLowerCase(Locale.ROOT) + "-" + ProcessHandle.current().pid());
    TestFolders.delete(folder);
    Path sources = folder.resolve("sources");
    Path classes = Files.createDirectories(folder.resolve("classes"));
    List<Path> files = new ArrayList<>();
    for (Map.Entry<String, String> source : changed.entrySet()) {
      Path file = sources.resolve("dev/gapless").resolve(source.getKey());
      Files.createDirectories(file.getParent());
      files.add(Files.writeString(file, source.getValue()));
    }
    compile(files, classes);
    return classes.toAbsolutePath();
  }

  private void compile(List<Path> files, Path classes) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager manager =
        compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
      Iterable<? extends JavaFileObject> units = manager.getJavaFileObjectsFromPaths(files);
      List<String> options =
          List.of(
              "-proc:none",
              "-nowarn",
              "--release",
              "17",
              "-implicit:none",
              "-cp",
              System.getProperty("java.class.path"),
              "-d",
              classes.toString());
      if (!compiler.getTask(messages, manager, null, options, null, units).call()) {
        throw new IllegalStateException(name() + " does not compile:\n" + messages);
      }
    }
  }
}
