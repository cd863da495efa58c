package dev.gapless.dashboard;

/**
 * What a node did between two looks, and how it stood at the second.
 *
 * @param at seconds since the epoch
 * @param events decided a second
 * @param deliveries of events to subscribers a second
 * @param p50 milliseconds from commit to live subscriber where PostgreSQL keeps the times of
 *     commits, else from insert; 0 without any
 * @param p99 the same
 * @param sinceCommit whether they are from commit
 * @param lag positions above the head
 * @param subscribers of all states
 * @param listening whether notifications arrived
 */
record Sample(
    long at,
    double events,
    double deliveries,
    double p50,
    double p99,
    boolean sinceCommit,
    long lag,
    int subscribers,
    boolean listening) {}
