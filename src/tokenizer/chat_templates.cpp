#include "tokenizer/chat_templates.h"

#include "core/error.h"
#include "tokenizer/chat_template.h"
#include "tokenizer/pipeline.h"

namespace slovo {

const std::string_view kDefaultChatTemplate =
    R"jinja({%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\n\n' }}
    {%- endif %}
    {{- 'You can call these functions:\n<tools>\n' }}
    {%- for tool in tools %}
        {{- tool | tojson + '\n' }}
    {%- endfor %}
    {{- '</tools>\nTo call one, write its name and arguments as JSON:\n<tool_call>\n' }}
    {{- '{"name": ..., "arguments": {...}}\n</tool_call><|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant\n' }}
        {%- generation %}
            {{- message.content or '' }}
            {%- for call in message.tool_calls or [] %}
                {%- set call = call.function or call %}
                {%- if message.content or not loop.first %}
                    {{- '\n' }}
                {%- endif %}
                {{- '<tool_call>\n' + {'name': call.name, 'arguments': call.arguments} | tojson }}
                {{- '\n</tool_call>' }}
            {%- endfor %}
            {{- '<|im_end|>' }}
        {%- endgeneration %}
        {{- '\n' }}
    {%- elif message.role in ['user', 'tool'] or (message.role == 'system' and not (tools and loop.first)) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
    {%- elif message.role != 'system' %}
        {{- raise_exception('the role "' + message.role + '" is not one of system, user, assistant, tool') }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
)jinja";

namespace {

constexpr std::string_view kQwen =
    R"jinja({%- set intro = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' %}
{%- if messages[0].role == 'system' %}
    {%- set intro = messages[0].content %}
{%- endif %}
{{- '<|im_start|>system\n' + intro }}
{%- if tools %}
    {{- '\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n' }}
    {{- 'You are provided with function signatures within <tools></tools> XML tags:\n<tools>' }}
    {%- for tool in tools %}
        {{- '\n' + tool | tojson }}
    {%- endfor %}
    {{- '\n</tools>\n\nFor each function call, return a json object with function name and ' }}
    {{- 'arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n' }}
    {{- '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>' }}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant' }}
        {%- if not message.tool_calls or message.content %}
            {{- '\n' }}
        {%- endif %}
        {%- generation %}
            {{- message.content or '' }}
            {%- for call in message.tool_calls or [] %}
                {%- set call = call.function or call %}
                {{- '\n<tool_call>\n{"name": "' + call.name + '", "arguments": ' }}
                {{- call.arguments | tojson + '}\n</tool_call>' }}
            {%- endfor %}
            {{- '<|im_end|>' }}
        {%- endgeneration %}
        {{- '\n' }}
    {%- elif message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' + message.content + '\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- elif message.role == 'user' or not loop.first %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
)jinja";

/// What the templates below say to what they have no form for.
#define SLOVO_NO_TOOLS(NAME)                                                   \
  "{%- if tools or messages | selectattr('role', 'equalto', 'tool') | list %}" \
  "{{- raise_exception('the " NAME                                             \
  " template has no form for tools; take chatml or qwen by --sft.template') }}{%- endif %}"

constexpr std::string_view kLlama3 = SLOVO_NO_TOOLS("llama3")
    R"jinja({{- bos_token + '<|start_header_id|>system<|end_header_id|>\n\n' }}
{{- 'Cutting Knowledge Date: December 2023\nToday Date: ' + (date_string or '26 Jul 2024') + '\n\n' }}
{%- if messages[0].role == 'system' %}
    {{- messages[0].content | trim }}
    {%- set messages = messages[1:] %}
{%- endif %}
{{- '<|eot_id|>' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}
            {{- message.content | trim + '<|eot_id|>' }}
        {%- endgeneration %}
    {%- else %}
        {{- message.content | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)jinja";

/// Of templates that know questions and answers in turn only.
#define SLOVO_IN_TURN(NAME)                                                                      \
  "{%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}"                                 \
  "{{- raise_exception('the " NAME                                                               \
  " template wants user and assistant in turn, the user first; take chatml by --sft.template') " \
  "}}{%- endif %}"

constexpr std::string_view kGemma = SLOVO_NO_TOOLS("gemma")
    R"jinja({{- bos_token }}
{%- if messages[0].role == 'system' %}
    {{- raise_exception('the gemma template has no form for a system message; take chatml by --sft.template') }}
{%- endif %}
{%- for message in messages %})jinja" SLOVO_IN_TURN("gemma") R"jinja(
    {%- if message.role == 'assistant' %}
        {{- '<start_of_turn>model\n' }}
        {%- generation %}
            {{- message.content | trim + '<end_of_turn>' }}
        {%- endgeneration %}
        {{- '\n' }}
    {%- else %}
        {{- '<start_of_turn>user\n' + message.content | trim + '<end_of_turn>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<start_of_turn>model\n' }}
{%- endif %}
)jinja";

constexpr std::string_view kMistral = SLOVO_NO_TOOLS("mistral")
    R"jinja({{- bos_token }}
{%- set intro = '' %}
{%- if messages[0].role == 'system' %}
    {%- set intro = messages[0].content + '\n\n' %}
    {%- set messages = messages[1:] %}
{%- endif %}
{%- for message in messages %})jinja" SLOVO_IN_TURN("mistral") R"jinja(
    {%- if message.role == 'assistant' %}
        {%- generation %}
            {{- message.content + eos_token }}
        {%- endgeneration %}
    {%- elif loop.last %}
        {{- '[INST]' + intro + message.content + '[/INST]' }}
    {%- else %}
        {{- '[INST]' + message.content + '[/INST]' }}
    {%- endif %}
{%- endfor %}
)jinja";

constexpr std::string_view kZephyr = SLOVO_NO_TOOLS("zephyr")
    R"jinja({%- for message in messages %}
    {{- '<|' + message.role + '|>\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}
            {{- message.content + eos_token }}
        {%- endgeneration %}
    {%- else %}
        {{- message.content + eos_token }}
    {%- endif %}
    {{- '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|assistant|>\n' }}
{%- endif %}
)jinja";

constexpr std::string_view kPlain = SLOVO_NO_TOOLS("plain")
    R"jinja({%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '### Response:\n' }}
        {%- generation %}
            {{- message.content + eos_token }}
        {%- endgeneration %}
    {%- elif message.role == 'system' %}
        {{- message.content + '\n\n' }}
    {%- else %}
        {{- '### Instruction:\n' + message.content + '\n\n' }}
    {%- endif %}
    {%- if message.role == 'assistant' and not loop.last %}
        {{- '\n\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '### Response:\n' }}
{%- endif %}
)jinja";

}  // namespace

const NamedChatTemplate& named_chat_template(ChatTemplateName name) {
  using Name = ChatTemplateName;
  static const std::vector<NamedChatTemplate> all = {
      {Name::chatml, kDefaultChatTemplate, {"<|im_start|>", "<|im_end|>"}},
      {Name::llama3, kLlama3, {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}, true},
      {Name::qwen, kQwen, {"<|im_start|>", "<|im_end|>"}},
      {Name::gemma, kGemma, {"<start_of_turn>", "<end_of_turn>"}, true},
      {Name::mistral, kMistral, {"[INST]", "[/INST]"}, true, true},
      {Name::zephyr, kZephyr, {}, false, true},
      {Name::plain, kPlain, {}, false, true},
  };
  for (const NamedChatTemplate& each : all) {
    if (each.name == name) return each;
  }
  SLOVO_CHECK(false, "no template of that name");
}

std::shared_ptr<const Tokenizer> with_chat_template(
    const std::shared_ptr<const Tokenizer>& tokenizer, const NamedChatTemplate& chat_template) {
  const auto require = [&](bool needed, bool there, const char* what) {
    if (!needed || there) return;
    throw_config("the ", to_name(chat_template.name), " template writes ", what,
                 ", but the tokenizer has none; take another by --sft.template, such as chatml");
  };
  require(chat_template.needs_bos, tokenizer->bos_id().has_value(), "BOS");
  require(chat_template.needs_eos, tokenizer->eos_id().has_value(), "EOS");
  const auto pipeline = std::dynamic_pointer_cast<const Pipeline>(tokenizer);
  SLOVO_CHECK(pipeline, "a tokenizer without a tokenizer.json");
  return pipeline->with_chat_template(std::string(chat_template.text),
                                      chat_template.special_tokens);
}

}  // namespace slovo
