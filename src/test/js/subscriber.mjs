// Subscribes with an EventSource and reports what it sees. Runs in browsers (where the page imports
// it) and under node (where the EventSource comes from npm). It listens for no heartbeat: the
// cursor has to move on in clients that never heard of one.
export function subscribe(EventSource, streams, report) {
  let order = 0;
  for (const { name, url, types } of streams) {
    const tell = (kind, event) =>
      report({ order: order++, stream: name, kind, id: event.lastEventId ?? '', data: event.data ?? '' });
    const source = new EventSource(url);
    source.onopen = (event) => tell('open', event);
    source.onerror = (event) => tell(source.readyState === 2 ? 'dead' : 'error', event);
    source.onmessage = (event) => tell('message', event);
    for (const type of [...types, 'gapless.reset']) {
      source.addEventListener(type, (event) => tell(type, event));
    }
  }
}
