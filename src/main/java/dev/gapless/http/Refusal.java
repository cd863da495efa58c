package dev.gapless.http;

import java.util.Locale;

/** What may refuse a stream or a request that is allowed and well formed. */
public enum Refusal {
  /** The streams of the node. */
  MAX_STREAMS,
  /** The streams of one token. */
  STREAMS_PER_TOKEN,
  /** The streams that name one owner. */
  STREAMS_PER_OWNER,
  /** New streams, over time. */
  NEW_STREAMS,
  /** Requests that publish at once. */
  MAX_PUBLISHING,
  /** Requests to publish of one token, over time. */
  PUBLISH_REQUESTS,
  /** Published events of one token, over time. */
  PUBLISH_EVENTS,
  /** Uploads at once. */
  MAX_UPLOADS,
  /** Changes of files of one token, over time. */
  FILE_CHANGES;

  /** The last part of the key that sets the limit. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether it refuses streams: they are told when to come back, where requests get a status. */
  public boolean isOfStream() {
    return ordinal() <= NEW_STREAMS.ordinal();
  }
}
