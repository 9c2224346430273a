// For `node --require`: stops this process with SIGSTOP just before it sends the request that FREEZE_BEFORE names,
// such as `3 POST /lists/`: the third POST whose path below /3.0 begins so.
const fs = require('node:fs');
const http = require('node:http');

const [, times, method, path] = /^(\d+) (\S+) (\S+)$/.exec(process.env.FREEZE_BEFORE);
let left = Number(times);

const { request } = http;
http.request = (...parameters) => {
  const [options] = parameters;
  if (options.method === method && String(options.path).includes(`/3.0${path}`)) {
    left -= 1;
    if (left === 0) {
      fs.writeSync(1, 'frozen\n');
      process.kill(process.pid, 'SIGSTOP');
      // The server has closed the idle connections since. On a suspended machine, timers stand still: here they would take it back.
      const sent = request(Object.assign({}, options, { agent: false }));
      sent.abort = () => undefined;
      sent.destroy = () => sent;
      return sent;
    }
  }
  return request(...parameters);
};
