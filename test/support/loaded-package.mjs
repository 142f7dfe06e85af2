/** Replaces a CommonJS package by the one that Node.js has loaded. See built-environment.mjs. */
export default {
  process: (_source, path) => ({ code: `module.exports = requireNatively(${JSON.stringify(path)});` }),
};
