// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "web-ui/api/failures.h"
#include "web-ui/api/overview.h"
#include "web-ui/api/rows.h"
#include "web-ui/api/spark_json.h"
#include "web-ui/api/tables.h"
#include "web-ui/diagnosis/texts.h"

namespace cerium::api {

using boost::json::object;
using boost::json::value;
using diagnosis::bytesText;
using diagnosis::timeText;
using store::Application;

namespace {

constexpr size_t kRowsShown = 500;
constexpr const char* kStyle =
    "body{font:14px system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c2430}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "td,th{border-bottom:1px solid #dde3ea;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "pre{white-space:pre-wrap;margin:.3rem 0}.card{border:1px solid #dde3ea;border-left:4px solid "
    "#b42318;padding:.6rem 1rem;"
    "margin:.6rem 0}.finding{border-left-color:#b7791f}small{color:#5a6675}"
    "@media(prefers-color-scheme:dark){body{background:#14181f;color:#e3e8ef}td,th,.card{border-color:#323a46}}";

std::string escaped(std::string_view text) {
  std::string html;
  for (char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// A column: its head, the field, and what the field's value is.
struct Column {
  const char* head;
  const char* field;
  enum Kind { kText, kCount, kBytes, kMs } kind;
};

std::string cellOf(const object& row, const Column& column) {
  const value* found = row.if_contains(column.field);
  if (found == nullptr || found->is_null()) return "<td></td>";
  if (column.kind == Column::kText) {
    const std::string text = found->is_string() ? std::string(found->get_string()) : boost::json::serialize(*found);
    return "<td>" + escaped(text) + "</td>";
  }
  const auto number = found->to_number<int64_t>();
  const std::string text = column.kind == Column::kBytes ? bytesText(number)
                           : column.kind == Column::kMs  ? timeText(number)
                                                         : std::to_string(number);
  return "<td class=n>" + text + "</td>";
}

std::string tableOf(const std::string& title, const object& page, const std::vector<Column>& columns) {
  const auto& rows = page.at("rows").as_array();
  if (rows.empty()) return {};
  std::string html = "<h2>" + title + "</h2><table><tr>";
  for (const Column& column : columns)
    html += fmt::format("<th{}>{}</th>", column.kind == Column::kText ? "" : " class=n", column.head);
  html += "</tr>";
  for (const value& row : rows) {
    html += "<tr>";
    for (const Column& column : columns) html += cellOf(row.as_object(), column);
    html += "</tr>";
  }
  html += "</table>";
  if (const auto total = page.at("total").to_number<size_t>(); total > rows.size())
    html += fmt::format("<p><small>Shown are {} of {}.</small></p>", rows.size(), total);
  return html;
}

std::string failuresOf(const Application& app) {
  std::string html;
  for (const object& card : failureCards(app)) {
    html += fmt::format(
        "<div class=card><b>{}</b> <small>{} times, first on executor {} "
        "({})</small><pre>{}</pre><small>{}</small></div>",
        escaped(card.at("errorType").as_string()), card.at("count").as_int64(),
        escaped(card.at("executorId").as_string()), escaped(card.at("host").as_string()),
        escaped(card.at("message").as_string()), escaped(card.at("callSite").as_string()));
  }
  return html.empty() ? html : "<h2>Failures</h2>" + html;
}

std::string findingsOf(const std::vector<diagnosis::Finding>& findings) {
  std::string html;
  for (const auto& finding : findings) {
    html += "<div class='card finding'>" + escaped(finding.sentence);
    for (const auto& advice : finding.advice) html += "<br><small>" + escaped(advice.text) + "</small>";
    html += "</div>";
  }
  return html.empty() ? html : "<h2>Diagnosis</h2>" + html;
}

}  // namespace

std::string reportHtml(const Application& app, const Shown& shown, const std::vector<diagnosis::Finding>& findings) {
  const store::Instant at = viewTime(app, shown.completed);
  http::Request all;
  all.query = {{"length", std::to_string(kRowsShown)}};
  http::Request changed = all;
  changed.query.emplace_back("changed", "true");
  std::string html = fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><title>{0}</title><style>{1}</style><h1>{0}</h1><p>{2}: {3}, "
      "{4}, {5}, {6}. Started {7}.</p>",
      escaped(app.name), kStyle, escaped(app.id), statusOf(app, shown.completed), timeText(at - app.started),
      escaped(app.master), escaped(app.cerium.empty() ? "Spark " + app.version : "Cerium " + app.cerium),
      sparkTime(app.started));
  for (const std::string& note : shown.notes) html += "<p><small>" + escaped(note) + "</small></p>";
  html += failuresOf(app);
  html += findingsOf(findings);
  using C = Column;
  html += tableOf("Jobs", jobTable(app, at, all),
                  {{"Job", "jobId", C::kCount},
                   {"Call", "name", C::kText},
                   {"Description", "description", C::kText},
                   {"State", "status", C::kText},
                   {"Duration", "durationMs", C::kMs},
                   {"Tasks", "numTasks", C::kCount},
                   {"Failed tasks", "numFailedTasks", C::kCount}});
  html += tableOf("Stages", stageTable(app, at, all),
                  {{"Stage", "stageId", C::kCount},
                   {"Attempt", "attemptId", C::kCount},
                   {"Call", "name", C::kText},
                   {"State", "status", C::kText},
                   {"Duration", "durationMs", C::kMs},
                   {"Tasks", "numTasks", C::kCount},
                   {"Task time", "executorRunTime", C::kMs},
                   {"Input", "inputBytes", C::kBytes},
                   {"Shuffle read", "shuffleReadBytes", C::kBytes},
                   {"Shuffle write", "shuffleWriteBytes", C::kBytes},
                   {"Spilled", "diskBytesSpilled", C::kBytes}});
  html += tableOf("Executors", executorTable(app, at, all),
                  {{"Executor", "id", C::kText},
                   {"Host", "host", C::kText},
                   {"State", "status", C::kText},
                   {"Cores", "totalCores", C::kCount},
                   {"Tasks", "totalTasks", C::kCount},
                   {"Failed tasks", "failedTasks", C::kCount},
                   {"Task time", "totalDuration", C::kMs},
                   {"End", "removeReason", C::kText}});
  html += tableOf("Changed settings", environmentTable(app, changed),
                  {{"Setting", "key", C::kText}, {"Value", "value", C::kText}, {"Default", "default", C::kText}});
  return html + "</html>\n";
}

}  // namespace cerium::api
