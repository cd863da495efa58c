// usage: node node-subscriber.mjs <base URL of the reports>
import { EventSource } from 'eventsource';
import { subscribe } from './subscriber.mjs';

const base = process.argv[2];
const streams = await (await fetch(`${base}streams`)).json();
subscribe(EventSource, streams, (event) =>
  fetch(`${base}report`, { method: 'POST', body: JSON.stringify(event) }));
