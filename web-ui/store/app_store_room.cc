// Cerium. Licensed under the Apache License 2.0.
// AppStore: what is forgotten when there is too much.
#include "web-ui/store/app_store.h"

namespace cerium::store {

void AppStore::makeRoom() {
  for (auto& [key, stage] : app_.stages) {
    if (app_.tasks_kept <= static_cast<int64_t>(options_.max_tasks)) break;
    if (stage.isOver() && !stage.tasks.empty()) forgetTasks(stage);
  }
  for (auto& [key, stage] : app_.stages) {  // only a stage that runs is left: its older tasks go
    if (app_.tasks_kept <= static_cast<int64_t>(options_.max_tasks)) break;
    forgetTasks(stage);
  }
  if (app_.jobs.size() > options_.max_jobs) forgetJobs();
  if (app_.stages.size() > options_.max_stages) forgetStages();
}

/// Of a stage that runs, the older half of its tasks that ended; else all.
void AppStore::forgetTasks(Stage& stage) {
  const bool all = stage.isOver();
  const size_t before = stage.tasks.size();
  size_t budget = before / 2;
  std::erase_if(stage.tasks, [&](const Task& task) {
    if (all) return true;
    if (budget == 0 || task.status == TaskStatus::kRunning) return false;
    --budget;
    return true;
  });
  const auto gone = static_cast<int64_t>(before - stage.tasks.size());
  stage.tasks.shrink_to_fit();
  stage.forgotten += gone;
  app_.tasks_kept -= gone;
  stage.task_at.clear();
  for (size_t i = 0; i < stage.tasks.size(); ++i) stage.task_at[stage.tasks[i].id] = i;
}

void AppStore::forgetJobs() {
  for (auto job = app_.jobs.begin(); job != app_.jobs.end() && app_.jobs.size() > options_.max_jobs * 9 / 10;) {
    const bool over = job->second.status != JobStatus::kRunning;
    app_.jobs_forgotten += over ? 1 : 0;
    job = over ? app_.jobs.erase(job) : std::next(job);
  }
}

void AppStore::forgetStages() {
  for (auto at = app_.stages.begin(); at != app_.stages.end() && app_.stages.size() > options_.max_stages * 9 / 10;) {
    const bool over = at->second.isOver();
    if (over) app_.tasks_kept -= static_cast<int64_t>(at->second.tasks.size());
    app_.stages_forgotten += over ? 1 : 0;
    at = over ? app_.stages.erase(at) : std::next(at);
  }
}

}  // namespace cerium::store
