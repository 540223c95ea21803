export default class EventEmitter {}
