'use strict';

// Values from events are only ever set as text. The page asks relative to itself, so it works under any prefix.

const MAX_SHOWN = 500;
const FINAL = ['limit', 'end', 'revoked', 'expired'];
const byId = (id) => document.getElementById(id);
let source = null;

function setState(state, text) {
  document.body.dataset.state = state;
  byId('state-text').textContent = text;
}

function show(parts, isControl) {
  const line = document.createElement('li');
  line.className = isControl ? 'control' : 'event';
  parts.forEach((part, index) => {
    const element = document.createElement(index === 0 ? 'b' : 'span');
    element.textContent = part;
    line.append(element, ' ');
  });
  const list = byId('events');
  list.prepend(line);
  while (list.children.length > MAX_SHOWN) {
    list.lastElementChild.remove();
  }
}

function moveTo(event) {
  if (event.lastEventId) {
    byId('cursor').textContent = event.lastEventId;
  }
}

function onEvent(event) {
  moveTo(event);
  const value = JSON.parse(event.data);
  const data = value.data === undefined ? '' : JSON.stringify(value.data);
  show([value.type, value.cursor, value.owner, value.path, value.at, data], false);
}

const control = {
  'gapless.open': (event) => {
    setState('open', 'open, reading history');
    show(['open', event.lastEventId], true);
  },
  'gapless.live': (event) => {
    setState('live', 'live');
    show(['live', event.lastEventId], true);
  },
  'gapless.heartbeat': () => {},
  'gapless.reset': (event) => {
    const reset = JSON.parse(event.data);
    setState('reset', 'reset: ' + reset.reason);
    show(['reset', reset.reason, 'requested ' + reset.requested, 'continues at ' + event.lastEventId], true);
  },
  'gapless.close': (event) => {
    const reason = JSON.parse(event.data).reason;
    show(['close', reason], true);
    // EventSource comes back after every end; after these there is nothing to come back for
    if (FINAL.includes(reason)) {
      disconnect('closed: ' + reason);
    } else {
      setState('closed', 'closed: ' + reason + ', coming back');
    }
  },
};

function disconnect(text) {
  if (source) {
    source.close();
    source = null;
  }
  setState('closed', text);
  byId('disconnect').disabled = true;
}

function connect() {
  disconnect('');
  setState('connecting', 'connecting');
  const query = new URLSearchParams();
  for (const name of ['owner', 'path', 'after']) {
    const value = byId(name).value.trim();
    if (value) {
      query.append(name, value);
    }
  }
  source = new EventSource('v1/events?' + query);
  byId('disconnect').disabled = false;
  const types = byId('types').value.split(',').map((type) => type.trim()).filter(Boolean);
  for (const type of new Set(['PUT', 'DEL', ...types])) {
    source.addEventListener(type, onEvent);
  }
  for (const [name, handle] of Object.entries(control)) {
    source.addEventListener(name, (event) => {
      moveTo(event);
      handle(event);
    });
  }
  source.onerror = () => {
    if (source && source.readyState === EventSource.CLOSED) {
      disconnect('refused: check the parameters, or sign in');
    } else {
      setState('closed', 'connection lost, coming back');
    }
  };
}

async function ask(method, url, options) {
  const answer = byId('answer');
  try {
    const response = await fetch(url, {method, ...options});
    const type = response.headers.get('Content-Type') || '';
    const detail = type.includes('problem+json') ? (await response.json()).detail : '';
    const cursor = response.headers.get('X-Event-Cursor');
    answer.textContent = [method, response.status, detail, cursor ? 'cursor ' + cursor : '']
      .filter(Boolean).join(' ');
  } catch (failure) {
    answer.textContent = method + ' failed: the node cannot be reached';
  }
}

function fileUrl() {
  const path = byId('file-path').value.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/');
  return 'v1/files/' + encodeURIComponent(byId('file-owner').value) + '/' + path;
}

function onSubmit(id, action) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    action();
  });
}

onSubmit('subscribe', connect);
onSubmit('file', () => ask('PUT', fileUrl(), {
  body: byId('contents').value,
  headers: {'Content-Type': 'text/plain; charset=utf-8'},
}));
onSubmit('session', async () => {
  await ask('POST', 'v1/session', {headers: {Authorization: 'Bearer ' + byId('token').value.trim()}});
  byId('token').value = '';
});
byId('disconnect').addEventListener('click', () => disconnect('stopped'));
byId('delete').addEventListener('click', () => ask('DELETE', fileUrl()));
byId('sign-out').addEventListener('click', () => ask('DELETE', 'v1/session'));
connect();
