package ai

// A Task is what a model is for, in Cloudflare's words.
type Task string

// The tasks of the models listed here.
const (
	TextGeneration      Task = "Text Generation"
	TextEmbeddings      Task = "Text Embeddings"
	TextClassification  Task = "Text Classification"
	Translation         Task = "Translation"
	ImageToText         Task = "Image-to-Text"
	ImageClassification Task = "Image Classification"
	TextToImage         Task = "Text-to-Image"
	SpeechRecognition   Task = "Automatic Speech Recognition"
	TextToSpeech        Task = "Text-to-Speech"
	VoiceActivity       Task = "Voice Activity Detection"
)

// A form is the shape of a text model's answer.
type form int

const (
	formNone       form = iota // not emulated
	formResponse               // {"response":"…"}
	formChat                   // OpenAI's chat completion, {"choices":[…]}
	formEmbeddings             // {"shape":[n,d],"data":[[…]]}
)

// A Model is one row of Workers AI's catalogue.
type Model struct {
	Name string
	Task Task
	// Neurons per million tokens. Zero where the model is not priced by tokens or by none we know.
	InputNeurons, OutputNeurons int64

	form       form
	dimensions int  // of embeddings
	parts      bool // messages may have a list of parts for content
}

// Emulated reports whether Run answers for the model.
func (m Model) Emulated() bool { return m.form != formNone }

// models is the catalogue.
//
// Receipt: names and prices from https://developers.cloudflare.com/workers-ai/platform/pricing/
// (autumn 2026), dimensions from each model's own page. Which models answer in OpenAI's form is
// assumed: those added since mid-2025.
var models = []Model{
	{"@cf/meta/llama-3.2-1b-instruct", TextGeneration, 2_457, 18_252, formResponse, 0, false},
	{"@cf/meta/llama-3.2-3b-instruct", TextGeneration, 4_625, 30_475, formResponse, 0, false},
	{"@cf/meta/llama-3.2-11b-vision-instruct", TextGeneration, 4_410, 61_493, formResponse, 0, true},
	{"@cf/meta/llama-3.1-8b-instruct", TextGeneration, 25_608, 75_147, formResponse, 0, false},
	{"@cf/meta/llama-3.1-8b-instruct-fp8", TextGeneration, 13_778, 26_128, formResponse, 0, false},
	{"@cf/meta/llama-3.1-8b-instruct-fp8-fast", TextGeneration, 4_119, 34_868, formResponse, 0, false},
	{"@cf/meta/llama-3.1-8b-instruct-awq", TextGeneration, 11_161, 24_215, formResponse, 0, false},
	{"@cf/meta/llama-3.1-8b-instruct-fast", TextGeneration, 0, 0, formResponse, 0, false}, // not in the price list
	{"@cf/meta/llama-3.1-70b-instruct-fp8-fast", TextGeneration, 26_668, 204_805, formResponse, 0, false},
	{"@cf/meta/llama-3.3-70b-instruct-fp8-fast", TextGeneration, 26_668, 204_805, formResponse, 0, false},
	{"@cf/meta/llama-3-8b-instruct", TextGeneration, 25_608, 75_147, formResponse, 0, false},
	{"@cf/meta/llama-2-7b-chat-fp16", TextGeneration, 50_505, 606_061, formResponse, 0, false},
	{"@cf/meta/llama-guard-3-8b", TextGeneration, 44_003, 2_730, formNone, 0, false}, // a verdict, no text
	{"@cf/meta/llama-4-scout-17b-16e-instruct", TextGeneration, 24_545, 77_273, formResponse, 0, true},
	{"@cf/mistral/mistral-7b-instruct-v0.1", TextGeneration, 10_000, 17_300, formResponse, 0, false},
	{"@cf/mistralai/mistral-small-3.1-24b-instruct", TextGeneration, 31_876, 50_488, formResponse, 0, true},
	{"@cf/google/gemma-3-12b-it", TextGeneration, 31_371, 50_560, formResponse, 0, true},
	{"@cf/google/gemma-4-26b-a4b-it", TextGeneration, 9_091, 27_273, formChat, 0, true},
	{"@cf/qwen/qwq-32b", TextGeneration, 60_000, 90_909, formResponse, 0, false},
	{"@cf/qwen/qwen2.5-coder-32b-instruct", TextGeneration, 60_000, 90_909, formResponse, 0, false},
	{"@cf/qwen/qwen3-30b-a3b-fp8", TextGeneration, 4_625, 30_475, formChat, 0, true},
	{"@cf/qwen/qwen3.8-27b", TextGeneration, 40_909, 290_909, formChat, 0, true},
	{"@cf/openai/gpt-oss-120b", TextGeneration, 31_818, 68_182, formChat, 0, true},
	{"@cf/openai/gpt-oss-20b", TextGeneration, 18_182, 27_273, formChat, 0, true},
	{"@cf/deepseek-ai/deepseek-r1-distill-qwen-32b", TextGeneration, 45_170, 443_756, formResponse, 0, false},
	{"@cf/deepseek-ai/deepseek-v4-flash-0731", TextGeneration, 40_000, 120_000, formChat, 0, true},
	{"@cf/deepseek-ai/deepseek-v4-pro-0813", TextGeneration, 120_000, 360_000, formChat, 0, true},
	{"@cf/ibm-granite/granite-4.0-h-micro", TextGeneration, 1_542, 10_158, formResponse, 0, false},
	{"@cf/aisingapore/gemma-sea-lion-v4-27b-it", TextGeneration, 31_876, 50_488, formResponse, 0, true},
	{"@cf/zai-org/glm-4.7-flash", TextGeneration, 5_500, 36_400, formChat, 0, true},
	{"@cf/zai-org/glm-5.2", TextGeneration, 127_273, 400_000, formChat, 0, true},
	{"@cf/zai-org/glm-5.3", TextGeneration, 127_273, 400_000, formChat, 0, true},
	{"@cf/zai-org/glm-5.3-flash", TextGeneration, 13_636, 45_455, formChat, 0, true},
	{"@cf/nvidia/nemotron-3-120b-a12b", TextGeneration, 45_455, 136_364, formChat, 0, true},
	{"@cf/moonshotai/kimi-k2.5", TextGeneration, 54_545, 272_727, formChat, 0, true},
	{"@cf/moonshotai/kimi-k2.6", TextGeneration, 86_364, 363_636, formChat, 0, true},
	{"@cf/moonshotai/kimi-k2.7-code", TextGeneration, 86_364, 363_636, formChat, 0, true},

	{"@cf/baai/bge-small-en-v1.5", TextEmbeddings, 1_841, 0, formEmbeddings, 384, false},
	{"@cf/baai/bge-base-en-v1.5", TextEmbeddings, 6_058, 0, formEmbeddings, 768, false},
	{"@cf/baai/bge-large-en-v1.5", TextEmbeddings, 18_582, 0, formEmbeddings, 1024, false},
	{"@cf/baai/bge-m3", TextEmbeddings, 1_075, 0, formEmbeddings, 1024, false},
	{"@cf/qwen/qwen3-embedding-0.6b", TextEmbeddings, 1_075, 0, formEmbeddings, 1024, false},
	{"@cf/pfnet/plamo-embedding-1b", TextEmbeddings, 1_689, 0, formEmbeddings, 2048, false},

	{"@cf/baai/bge-reranker-base", TextClassification, 283, 0, formNone, 0, false},
	{"@cf/huggingface/distilbert-sst-2-int8", TextClassification, 2_394, 0, formNone, 0, false},
	{"@cf/meta/m2m100-1.2b", Translation, 31_050, 31_050, formNone, 0, false},
	{"@cf/ai4bharat/indictrans2-en-indic-1B", Translation, 31_050, 31_050, formNone, 0, false},
	{"@cf/moondream/moondream3.1-9B-A2B", ImageToText, 27_273, 90_909, formNone, 0, false},
	{"@cf/microsoft/resnet-50", ImageClassification, 0, 0, formNone, 0, false},
	{"@cf/black-forest-labs/flux-1-schnell", TextToImage, 0, 0, formNone, 0, false},
	{"@cf/black-forest-labs/flux-2-dev", TextToImage, 0, 0, formNone, 0, false},
	{"@cf/black-forest-labs/flux-2-klein-4b", TextToImage, 0, 0, formNone, 0, false},
	{"@cf/black-forest-labs/flux-2-klein-9b", TextToImage, 0, 0, formNone, 0, false},
	{"@cf/leonardo/lucid-origin", TextToImage, 0, 0, formNone, 0, false},
	{"@cf/leonardo/phoenix-1.0", TextToImage, 0, 0, formNone, 0, false},
	{"@cf/openai/whisper", SpeechRecognition, 0, 0, formNone, 0, false},
	{"@cf/openai/whisper-large-v3-turbo", SpeechRecognition, 0, 0, formNone, 0, false},
	{"@cf/deepgram/nova-3", SpeechRecognition, 0, 0, formNone, 0, false},
	{"@cf/deepgram/flux", SpeechRecognition, 0, 0, formNone, 0, false},
	{"@cf/pipecat-ai/smart-turn-v2", VoiceActivity, 0, 0, formNone, 0, false},
	{"@cf/myshell-ai/melotts", TextToSpeech, 0, 0, formNone, 0, false},
	{"@cf/deepgram/aura-1", TextToSpeech, 0, 0, formNone, 0, false},
	{"@cf/deepgram/aura-2-en", TextToSpeech, 0, 0, formNone, 0, false},
	{"@cf/deepgram/aura-2-es", TextToSpeech, 0, 0, formNone, 0, false},
}

// find returns the model of that name.
func find(name string) (Model, error) {
	for _, m := range models {
		if m.Name == name {
			return m, nil
		}
	}
	return Model{}, noSuchModel(name)
}
