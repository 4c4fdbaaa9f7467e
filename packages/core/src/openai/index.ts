export * from "./chat.js";
export { type OpenaiChatOptions, openaiChat, openaiChatDefaults } from "./openaiChat.js";
export * from "./openaiPolicy.js";
