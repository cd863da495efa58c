package dev.gapless.cluster;

/** What nodes send to each other: serialised by Jackson. */
interface ClusterMessage {}
