export * from "./chat.js";
export * from "./keptReplies.js";
export { type OpenaiChatOptions, openaiChat, openaiChatDefaults } from "./openaiChat.js";
export * from "./openaiPolicy.js";
