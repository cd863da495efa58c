package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The fields of a {@link HeadDecider} and its parts: its state without times, and its times. */
final class DeciderFields {
  private static final long MILLI = 1_000_000;

  /** Fields that hold moments and lengths of time: what each is set to before an input. */
  private static final Map<String, Long> TIMES =
      Map.of(
          "HeadDecider.gapSince", 0L,
          "HeadDecider.nextLearn", 100 * MILLI,
          "HeadDecider.nextLockRead", 0L,
          "WaitPace.since", 0L,
          "WaitPace.step", MILLI,
          "WaitPace.resets", 0L,
          "WaitPace.lastLockRead", 0L,
          "WaitPace.lockReadTook", MILLI);

  private static final Set<String> COUNTERS = Set.of("HeadDecider.wakesByPoll");

  private final Map<Class<?>, List<Field>> fields = new HashMap<>();

  DeciderFields() {
    TIMES.keySet().forEach(DeciderFields::find);
    COUNTERS.forEach(DeciderFields::find);
  }

  /** A field that is gone or has another name must not go unnoticed. */
  private static void find(String field) {
    int dot = field.indexOf('.');
    try {
      Class<?> type =
          Class.forName(HeadDecider.class.getPackageName() + "." + field.substring(0, dot));
      type.getDeclaredField(field.substring(dot + 1));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no field " + field, e);
    }
  }

  /** The same for two deciders that behave alike, given the same times. */
  String describe(HeadDecider decider) {
    StringBuilder text = new StringBuilder();
    describe(decider, text);
    return text.toString();
  }

  void setTimes(HeadDecider decider) {
    setTimesOf(decider);
    for (Field field : fieldsOf(HeadDecider.class)) {
      if (field.getType() == WaitPace.class) {
        setTimesOf(get(field, decider));
      }
    }
  }

  private void setTimesOf(Object part) {
    for (Field field : fieldsOf(part.getClass())) {
      Long value = TIMES.get(name(field));
      if (value != null) {
        try {
          if (field.getType() == int.class) {
            field.setInt(part, value.intValue());
          } else {
            field.setLong(part, value);
          }
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private void describe(Object part, StringBuilder text) {
    if (part == null || part instanceof Number || part instanceof Boolean) {
      text.append(part);
    } else if (part instanceof Enum<?> || part instanceof String) {
      text.append(part);
    } else if (part instanceof Cursor cursor) {
      text.append(cursor);
    } else if (part instanceof Event event) {
      text.append(event.cursor());
    } else if (part instanceof NextRead next) {
      text.append(next.kind());
    } else if (part instanceof Set<?> set) {
      text.append(new TreeSet<>(set));
    } else if (part instanceof Collection<?> items) {
      items.forEach(
          item -> {
            describe(item, text);
            text.append(',');
          });
    } else {
      describeFields(part, text);
    }
  }

  private void describeFields(Object part, StringBuilder text) {
    if (part.getClass().getPackage() != HeadDecider.class.getPackage()) {
      throw new IllegalStateException("cannot describe a " + part.getClass().getName());
    }
    text.append('{');
    for (Field field : fieldsOf(part.getClass())) {
      if (!TIMES.containsKey(name(field)) && !COUNTERS.contains(name(field))) {
        describe(get(field, part), text);
        text.append(' ');
      }
    }
    text.append('}');
  }

  private static String name(Field field) {
    return field.getDeclaringClass().getSimpleName() + "." + field.getName();
  }

  private List<Field> fieldsOf(Class<?> type) {
    return fields.computeIfAbsent(
        type,
        key -> {
          List<Field> own = new ArrayList<>();
          for (Field field : key.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers())) {
              field.setAccessible(true);
              own.add(field);
            }
          }
          return own;
        });
  }

  private static Object get(Field field, Object part) {
    try {
      return field.get(part);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}
