/**
 * Requests of a session as bytes, in format version 1. Ids, request numbers and zxids are varints; paths and names
 * are texts.
 *
 *    1 open         text ensemble, varint frameBytesMax, 32 bytes SHA-256 of the secret, f64 timeoutMs
 *    2 resume       text ensemble, varint frameBytesMax, session id, secret (varint length, bytes)
 *    3 attach       text ensemble, varint frameBytesMax, session id, secret, holder, zxid, u8 wantsDurable
 *    4 submit       u8 announceDurable, the batch to the end
 *    5 read         id, afterRequest, u8 consistency (session, linearizable), query
 *    6 cancel-read  id
 *    7 watch        id, afterRequest, u8 scope (node, children, subtree), path, u8 hasFrom, from if it has
 *    8 unwatch      id
 *    9 touch        id
 *   10 ping         id
 *
 * A query is u8 kind and its fields: 0 barrier; 1 get: path; 2 get-many: varint count, paths; 3 children and 4 list:
 * path, u8 hasAfter, after if it has, u8 hasLimit, varint limit if it has; 5 count: path; 6 ephemerals: path.
 */
import type { ByteReader, ByteWriter } from '../codec/bytes.ts';
import { secretHashBytes } from '../codec/op-encode.ts';
import { unreachable } from '../invariant.ts';
import { pathBytesMax } from '../limits.ts';
import type { SessionQuery } from '../codec/query.ts';
import { protocolError } from './fields.ts';
import {
  readChoice,
  readEnsemble,
  readFlag,
  readMany,
  readOptionalCount,
  readSecret,
  readTimeout,
  writeBytes,
  writeFlag,
  writeOptionalCount,
} from './session-fields.ts';
import type { SessionRequest } from './session-messages.ts';

type Watch = Extract<SessionRequest, { kind: 'watch' }>;
type Read = Extract<SessionRequest, { kind: 'read' }>;

const scopes: readonly Watch['scope'][] = ['node', 'children', 'subtree'];
const queryKinds: readonly SessionQuery['kind'][] = [
  'barrier',
  'get',
  'get-many',
  'children',
  'list',
  'count',
  'ephemerals',
];
const consistencies: readonly Read['consistency'][] = ['session', 'linearizable'];

export function writeRequest(writer: ByteWriter, request: SessionRequest): void {
  switch (request.kind) {
    case 'open':
      writer.text(request.ensemble);
      writer.varint(request.frameBytesMax);
      writer.bytes(request.secretHash);
      writer.f64(request.timeoutMs);
      return;
    case 'resume':
      writer.text(request.ensemble);
      writer.varint(request.frameBytesMax);
      writer.varint(request.sessionId);
      writeBytes(writer, request.secret);
      return;
    case 'attach':
      writer.text(request.ensemble);
      writer.varint(request.frameBytesMax);
      writer.varint(request.sessionId);
      writeBytes(writer, request.secret);
      writer.varint(request.holder);
      writer.varint(request.zxid);
      writeFlag(writer, request.wantsDurable);
      return;
    case 'submit':
      writeFlag(writer, request.announceDurable);
      writer.bytes(request.bytes);
      return;
    case 'read':
      writeRead(writer, request);
      return;
    case 'watch':
      writer.varint(request.id);
      writer.varint(request.afterRequest);
      writer.u8(scopes.indexOf(request.scope));
      writer.text(request.path);
      writeOptionalCount(writer, request.from);
      return;
    case 'cancel-read':
    case 'unwatch':
    case 'touch':
    case 'ping':
      writer.varint(request.id);
      return;
    default:
      unreachable(request);
  }
}

export function readRequest(kind: SessionRequest['kind'], reader: ByteReader): SessionRequest {
  switch (kind) {
    case 'open': {
      const ensemble = readEnsemble(reader);
      const frameBytesMax = reader.varint();
      const secretHash = reader.bytes(secretHashBytes);
      return { kind, ensemble, frameBytesMax, secretHash, timeoutMs: readTimeout(reader) };
    }
    case 'resume': {
      const ensemble = readEnsemble(reader);
      const frameBytesMax = reader.varint();
      const sessionId = reader.varint();
      return { kind, ensemble, frameBytesMax, sessionId, secret: readSecret(reader) };
    }
    case 'attach': {
      const ensemble = readEnsemble(reader);
      const frameBytesMax = reader.varint();
      const sessionId = reader.varint();
      const secret = readSecret(reader);
      const holder = reader.varint();
      const zxid = reader.varint();
      return {
        kind,
        ensemble,
        frameBytesMax,
        sessionId,
        secret,
        holder,
        zxid,
        wantsDurable: readFlag(reader, 'durable'),
      };
    }
    case 'submit': {
      const announceDurable = readFlag(reader, 'announceDurable');
      const start = reader.skip(reader.remaining);
      return { kind, announceDurable, bytes: reader.source.subarray(start, reader.end) };
    }
    case 'read':
      return readRead(reader);
    case 'watch': {
      const id = reader.varint();
      const afterRequest = reader.varint();
      const scope = readChoice(reader, 'scope', scopes);
      const path = reader.text(pathBytesMax);
      return { kind, id, afterRequest, scope, path, from: readOptionalCount(reader, 'from') };
    }
    case 'cancel-read':
    case 'unwatch':
    case 'touch':
    case 'ping':
      return { kind, id: reader.varint() };
    default:
      return unreachable(kind);
  }
}

function writeRead(writer: ByteWriter, read: Read): void {
  writer.varint(read.id);
  writer.varint(read.afterRequest);
  writer.u8(consistencies.indexOf(read.consistency));
  writeQuery(writer, read.query);
}

function readRead(reader: ByteReader): Read {
  const id = reader.varint();
  const afterRequest = reader.varint();
  const consistency = readChoice(reader, 'consistency', consistencies);
  return { kind: 'read', id, afterRequest, consistency, query: readQuery(reader) };
}

function writeQuery(writer: ByteWriter, query: SessionQuery): void {
  writer.u8(queryKinds.indexOf(query.kind));
  switch (query.kind) {
    case 'barrier':
      return;
    case 'get':
    case 'count':
      writer.text(query.path);
      return;
    case 'get-many':
      writer.varint(query.paths.length);
      for (const path of query.paths) writer.text(path);
      return;
    case 'children':
    case 'list':
      writer.text(query.path);
      writeFlag(writer, query.after !== undefined);
      if (query.after !== undefined) writer.text(query.after);
      writeOptionalCount(writer, query.limit);
      return;
    case 'ephemerals':
      writer.text(query.under);
      return;
    default:
      unreachable(query);
  }
}

function readQuery(reader: ByteReader): SessionQuery {
  const kind = readChoice(reader, 'query', queryKinds);
  switch (kind) {
    case 'barrier':
      return { kind };
    case 'get':
    case 'count':
      return { kind, path: reader.text(pathBytesMax) };
    case 'get-many':
      return { kind, paths: readMany(reader, 'paths', () => reader.text(pathBytesMax)) };
    case 'children':
    case 'list': {
      const path = reader.text(pathBytesMax);
      const after = readFlag(reader, 'after') ? reader.text() : undefined;
      return { kind, path, after, limit: readOptionalCount(reader, 'limit') };
    }
    case 'ephemerals':
      return { kind, under: reader.text(pathBytesMax) };
    default:
      throw protocolError('a query is of no known kind');
  }
}
