package dev.gapless.homeserver;

/** One decoded parameter of a query, in the order of the request. */
record Parameter(String name, String value) {}
